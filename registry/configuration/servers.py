"""Read one server of `gatehouse.yaml`. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from governance.egress.door import judge_url
from governance.egress.ports import ANY
from governance.policy.nodes import Mapping, Node, Scalar
from governance.policy.reading import Reader, suggestion
from registry.configuration import words
from registry.configuration.conditions import conditions_of
from registry.configuration.sandbox import sandbox_of
from registry.configuration.values import Approval, Approve, SecretName, ServerEntry

TRANSPORTS: Final = ("stdio", "http", "sse")
CLIENT_REQUESTS: Final = ("sampling", "elicitation", "roots")
SERVER_KEYS: Final = (
    "name",
    "transport",
    "command",
    "cwd",
    "env",
    "url",
    "headers",
    "team",
    "tags",
    "category",
    "approve",
    "manifest",
    "accept_findings",
    "client_requests",
    "sessions",
    "allow_private_address",
    "sandbox",
    "description",
    "environment",
    "owner",
    "conditions",
)
ENVIRONMENTS: Final = ("production", "staging", "development")
SESSIONS: Final = ("auto", "shared", "agent")
ONLY_STDIO: Final = ("command", "cwd", "env", "sandbox")
ONLY_WEB: Final = ("url", "headers", "allow_private_address")
MANIFEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
OURS: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept"})


def read_server(node: Node, reader: Reader, what: str) -> ServerEntry | None:
    """One entry of `servers`; None with problems where its name or transport cannot be told."""
    fields = reader.fields(node, SERVER_KEYS, what)
    name = words.server_name(fields.get("name"), reader, f"name of {what}")
    transport = words.member(fields.get("transport"), reader, f"transport of {what}", TRANSPORTS)
    for key in ("name", "transport"):
        if fields and key not in fields:
            reader.problem(node, f"{what} has no {key}; add it")
    if not name or not transport:
        return None
    what = f"server {name}"
    _refuse_foreign_keys(fields, transport, reader, what)
    return ServerEntry(
        name=name,
        transport=transport,
        url=_url(node, fields, reader, what) if transport != "stdio" else "",
        command=_command(node, fields, reader, what) if transport == "stdio" else (),
        cwd=_folder(fields.get("cwd"), reader, f"cwd of {what}"),
        env=_pairs(fields.get("env"), reader, f"env of {what}", VARIABLE),
        headers=_headers(fields.get("headers"), reader, f"headers of {what}"),
        team=words.slug(fields.get("team"), reader, f"team of {what}"),
        tags=words.several(fields.get("tags"), reader, f"tags of {what}"),
        category=words.several(fields.get("category"), reader, f"category of {what}"),
        approval=_approval(fields, reader, what),
        client_requests=_client_requests(fields.get("client_requests"), reader, f"client_requests of {what}"),
        sessions=words.member(fields.get("sessions"), reader, f"sessions of {what}", SESSIONS) or "auto",
        sandbox=sandbox_of(fields.get("sandbox"), reader, f"sandbox of {what}"),
        allow_private_address=_flag(fields.get("allow_private_address"), reader, f"allow_private_address of {what}"),
        description=words.text(fields.get("description"), reader, f"description of {what}"),
        environment=words.member(fields.get("environment"), reader, f"environment of {what}", ENVIRONMENTS),
        owner=words.email(fields.get("owner"), reader, f"owner of {what}"),
        conditions=conditions_of(fields.get("conditions"), reader, f"conditions of {what}"),
    )


def _refuse_foreign_keys(fields: dict[str, Node], transport: str, reader: Reader, what: str) -> None:
    foreign = ONLY_WEB if transport == "stdio" else ONLY_STDIO
    for key in foreign:
        if key in fields:
            reader.problem(fields[key], f"{key} of {what} does not go with transport {transport}; remove it")


def _command(node: Node, fields: dict[str, Node], reader: Reader, what: str) -> tuple[str, ...]:
    if "command" not in fields:
        reader.problem(node, f"{what} has no command; write it as a list, for example [mcp-server-time, --help]")
        return ()
    argv: list[str] = []
    items = reader.items(fields["command"], f"command of {what} (a list, no shell)")
    for number, item in enumerate(items):
        if number and isinstance(item, Scalar) and item.value == "" and item.text == "":
            argv.append("")
        else:
            argv.append(words.text(item, reader, f"An argument of the command of {what}"))
    if not items:
        reader.problem(fields["command"], f"command of {what} is empty")
    return tuple(argv)


def _folder(node: Node | None, reader: Reader, what: str) -> str:
    folder = words.text(node, reader, what)
    if folder and (not folder.startswith("/") or ".." in folder.split("/")):
        assert node is not None
        reader.problem(node, f"{what} must be an absolute path without `..`")
    return folder


def _url(node: Node, fields: dict[str, Node], reader: Reader, what: str) -> str:
    url = words.text(fields.get("url"), reader, f"url of {what}")
    if "url" not in fields:
        reader.problem(node, f"{what} has no url; add it, for example url: http://127.0.0.1:3001/mcp")
    elif url and (problem := url_problem(url)):
        reader.problem(fields["url"], f"url of {what} {problem}")
    return url


def url_problem(url: str) -> str | None:
    """Why an address cannot be a server's, or None."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return "is no address; write for example https://tickets.example.com/mcp"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        return "must begin with http:// or https:// and name a host"
    if "@" in parts.netloc:
        return "holds credentials; put them under headers as {secret: …}"
    if parts.fragment or " " in url:
        return "holds a fragment or a space; remove it"
    # What a flag or a setting would permit is said when the server is looked at; what nothing permits is said now.
    judgement = judge_url(url, allow_private=True, ports=ANY)
    return None if judgement.allowed else f"leads where nothing is reached: {judgement.sentence}"


def _pairs(
    node: Node | None, reader: Reader, what: str, fits: re.Pattern[str]
) -> tuple[tuple[str, str | SecretName], ...]:
    if node is None:
        return ()
    if not isinstance(node, Mapping):
        reader.problem(node, f"{what} must be a mapping of names to texts or {{secret: NAME}}")
        return ()
    pairs: list[tuple[str, str | SecretName]] = []
    for key, value in node.entries:
        if not fits.fullmatch(key.text):
            reader.problem(key, f"{what}: {key.text!r} is no name that can be used here")
            continue
        read = _value(value, reader, f"{key.text} in {what}")
        if read is not None:
            pairs.append((key.text, read))
    return tuple(pairs)


def _value(node: Node, reader: Reader, what: str) -> str | SecretName | None:
    if not isinstance(node, Mapping):
        if isinstance(node, Scalar) and node.value == "":
            return ""
        return words.text(node, reader, what) or None
    fields = reader.fields(node, ("secret",), what)
    if "secret" not in fields:
        reader.problem(node, f"{what} must be a text or {{secret: NAME}}")
        return None
    name = words.slug(fields["secret"], reader, f"secret of {what}")
    return SecretName(name) if name else None


def _headers(node: Node | None, reader: Reader, what: str) -> tuple[tuple[str, str | SecretName], ...]:
    pairs = _pairs(node, reader, what, HEADER)
    seen: set[str] = set()
    for name, _ in pairs:
        lower = name.lower()
        assert node is not None
        if lower in OURS or lower.startswith("mcp-"):
            reader.problem(node, f"{what}: {name} is set by the gateway; remove it")
        if lower in seen:
            reader.problem(node, f"{what}: {name} stands twice; case makes no difference")
        seen.add(lower)
    return pairs


def _approval(fields: dict[str, Node], reader: Reader, what: str) -> Approval:
    findings = words.several(fields.get("accept_findings"), reader, f"accept_findings of {what}")
    if "manifest" in fields:
        digest = words.text(fields["manifest"], reader, f"manifest of {what}")
        if "approve" in fields:
            reader.problem(
                fields["approve"], f"{what} has both approve and manifest; a pinned manifest is the approval"
            )
        if digest and not MANIFEST.fullmatch(digest):
            reader.problem(fields["manifest"], f"manifest of {what} must be sha256: and 64 hexadecimal digits")
        return Approval(Approve.PINNED, manifest=digest, findings=findings)
    node = fields.get("approve")
    if node is None:
        return Approval(findings=findings)
    if isinstance(node, Scalar):
        word = words.text(node, reader, f"approve of {what}")
        if word in ("all", "none"):
            return Approval(Approve(word), findings=findings)
        hint = suggestion(word, ("all", "none"))
        reader.problem(node, f"approve of {what} must be all, none, or a list of item names{hint}")
        return Approval(findings=findings)
    return Approval(Approve.LISTED, items=words.several(node, reader, f"approve of {what}"), findings=findings)


def _client_requests(node: Node | None, reader: Reader, what: str) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    fields = reader.fields(node, CLIENT_REQUESTS, what)
    answers = ((key, words.member(fields[key], reader, f"{key} of {what}", ("deny", "allow"))) for key in fields)
    return tuple(sorted((key, answer) for key, answer in answers if answer))


def _flag(node: Node | None, reader: Reader, what: str) -> bool:
    return bool(node is not None and reader.boolean(node, what))
