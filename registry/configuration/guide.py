"""Convert the gateway guides' form of configuration and say what became of each part. Pure: no Django, no I/O."""

from __future__ import annotations

import shlex
from typing import Final
from urllib.parse import urlsplit

from governance.policy.nodes import Mapping, Node
from registry.configuration import words
from registry.configuration.policy import ReadFile, read_policy
from registry.configuration.references import FileReader
from registry.configuration.servers import url_problem
from registry.configuration.values import (
    AgentEntry,
    Approval,
    Approve,
    Configuration,
    RoleEntry,
    ServerEntry,
    TeamEntry,
)

KEYS: Final = ("listen", "upstream", "policy", "aegis", "sentinel")
MARKS: Final = frozenset({"listen", "upstream", "aegis", "sentinel"})
OWNER: Final = "gateway"
"""The name of the team, the role and the agent that a guide's file, which knows none of them, is given."""
LISTENS: Final = {
    "http": "",
    "sse": ", and at /sse/<server> over the older transport",
    "stdio": "; a client that only starts programs starts `gatehouse stdio --url …/mcp/<server>`",
}
"""What becomes of the transport that a guide's file listens on, beside HTTP."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_guide(root: Mapping) -> bool:
    """Whether a file is in the guides' form: it has one of that form's keys and no `version`."""
    keys = {key.text for key, _ in root.entries}
    return bool(keys & MARKS) and "version" not in keys


def convert(root: Mapping, reader: FileReader, *, text: str, source: str, read_file: ReadFile) -> Configuration:
    """The same installation in our form; `notes` tell the conversion line by line."""
    fields = reader.fields(root, KEYS, "the file")
    notes: list[str] = []
    _listen(fields.get("listen"), reader, notes)
    servers = _upstreams(root, fields, reader, notes)
    policy = read_policy(fields.get("policy"), reader, text=text, source=source, read_file=read_file)
    notes.append("policy: taken as it stands" if policy else "policy: none given, so every call is denied")
    _switchable(fields.get("aegis"), "aegis", "content inspection", reader, notes)
    _switchable(fields.get("sentinel"), "sentinel", "", reader, notes)
    names = tuple(server.name for server in servers)
    reached = ", ".join(names) or "nothing"
    notes.append(f"agents: the team, the role and the agent `{OWNER}` were added; the role reaches {reached}")
    reader.define("team", OWNER, root)
    return Configuration(
        teams=(TeamEntry(OWNER),),
        servers=servers,
        roles=(RoleEntry(OWNER, servers=names),),
        agents=(AgentEntry(OWNER, team=OWNER, roles=(OWNER,)),),
        policy=policy,
        notes=tuple(notes),
    )


def _listen(node: Node | None, reader: FileReader, notes: list[str]) -> None:
    if node is None:
        return
    fields = reader.fields(node, ("transport",), "listen")
    transport = words.member(fields.get("transport"), reader, "transport of listen", ("stdio", "sse", "http"))
    if transport:
        notes.append(f"listen: agents reach every server over streamable HTTP at /mcp/<server>{LISTENS[transport]}")


def _upstreams(root: Mapping, fields: dict[str, Node], reader: FileReader, notes: list[str]) -> tuple[ServerEntry, ...]:
    node = fields.get("upstream")
    if node is None:
        reader.problem(root, "the file has no upstream; add a list of {name, url}")
        return ()
    read = (_upstream(item, reader, f"upstream[{n}]", notes) for n, item in enumerate(reader.items(node, "upstream")))
    return tuple(server for server in read if server is not None)


def _upstream(node: Node, reader: FileReader, what: str, notes: list[str]) -> ServerEntry | None:
    fields = reader.fields(node, ("name", "url"), what)
    name = words.server_name(fields.get("name"), reader, f"name of {what}")
    url = words.text(fields.get("url"), reader, f"url of {what}")
    for key in ("name", "url"):
        if fields and key not in fields:
            reader.problem(node, f"{what} has no {key}; add it")
    if not name or not url:
        return None
    reader.define("server", name, node)
    scheme, _, rest = url.partition("://")
    if scheme == "stdio":
        return _program(name, rest, fields["url"], reader, notes)
    return _web(name, url, fields["url"], reader, notes)


def _program(name: str, line: str, at: Node, reader: FileReader, notes: list[str]) -> ServerEntry | None:
    try:
        argv = tuple(shlex.split(line))
    except ValueError as error:
        reader.problem(at, f"the command of {name} cannot be split into words ({error}); no shell runs it")
        return None
    if not argv:
        reader.problem(at, f"the command of {name} is empty; write stdio://PROGRAM ARGUMENT…")
        return None
    notes.append(f"upstream {name}: a local program, command {list(argv)}, approve: all")
    return ServerEntry(name, "stdio", command=argv, approval=Approval(Approve.ALL))


def _web(name: str, address: str, at: Node, reader: FileReader, notes: list[str]) -> ServerEntry | None:
    scheme, _, rest = address.partition("://")
    if scheme not in ("sse", "http", "https"):
        reader.problem(at, f"the url of {name} must begin with stdio://, sse://, http:// or https://")
        return None
    loopback = _host(rest) in LOOPBACK
    url = f"{scheme if scheme != 'sse' else 'http' if loopback else 'https'}://{rest}"
    if problem := url_problem(url):
        reader.problem(at, f"the url of {name} {problem}")
        return None
    transport = "sse" if scheme == "sse" else "http"
    private = ", allow_private_address: true since it is on this machine" if loopback else ""
    notes.append(f"upstream {name}: transport {transport}, url {url}, approve: all{private}")
    return ServerEntry(name, transport, url=url, approval=Approval(Approve.ALL), allow_private_address=loopback)


def _host(rest: str) -> str:
    try:
        return urlsplit(f"//{rest}").hostname or ""
    except ValueError:
        return ""


def _switchable(node: Node | None, key: str, what: str, reader: FileReader, notes: list[str]) -> None:
    """Say what becomes of a switch of the guides; `what` is empty for a part that does not exist."""
    if node is None:
        return
    fields = reader.fields(node, ("enabled",), key)
    enabled = reader.boolean(fields["enabled"], f"enabled of {key}") if "enabled" in fields else True
    if not what:
        notes.append(f"{key}: there is no anomaly watch yet; the setting has no effect")
    elif enabled is False:
        notes.append(f"{key}: {what} cannot be switched off; it stays on")
    else:
        notes.append(f"{key}: {what} is part of the gateway and needs no setting")
