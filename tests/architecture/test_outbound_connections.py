"""Only named modules open a connection, and whoever reaches a server goes through the egress door (security.md 4)."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.sources import APPS, ROOT, modules, name, tree

CONNECT = {
    "registry/transports/http_pool.py": "reaches servers: every address is judged before, every peer after connecting",
    "gateway/stdio/http.py": "runs on the client's machine and reaches the one gateway that its person named",
    "gateway/peers/wire.py": "reaches the other processes of this installation, at addresses that its operator set",
}
RESOLVE = {
    "registry/transports/http_address.py": "looks up a server's name once per connection, and judges what comes back",
    "gateway/peers/arrivals.py": "looks up declared peers, to compare them with who called",
}
# A socket of one's own that listens, or that reaches no other machine.
SOCKETS = {
    "registry/transports/http_address.py": "the constant that asks for addresses of streams",
    "registry/transports/sandbox_shim.py": "switches the loopback of a sandbox on, by ioctl",
    "gateway/peers/arrivals.py": "the constant that asks for addresses of streams",
    "gateway/management/commands/serve.py": "binds where it serves",
    "gateway/serving.py": "serves on what was bound",
    "gateway/wrapping/house.py": "binds where its one person's console is",
    "gateway/adapters/store.py": "the name of this machine",
}
BRINGS_CLIENT = {"governance/notices.py": "sends mail through the server that the operator set up"}
PROGRAMS = {
    "registry/transports/stdio_start.py": "starts an accepted argv",
    "registry/transports/sandbox_shim.py": "becomes an accepted argv",
    "registry/transports/stdio_child.py": "the type of what runs",
    "gateway/demo/setting.py": "makes the repository of the demo with git",
    "registry/transports/watchman.py": "starts the process that ends children with the gateway",
}
DOOR = {
    "registry/transports/http_address.py": "judges the URL, what it resolves to, and the connected peer",
    "registry/transports/http.py": "hands the ports of the door on",
    "registry/transports/sse.py": "judges where an old server says that messages go",
    "registry/targets.py": "answers forms",
    "registry/configuration/servers.py": "judges the addresses of a file",
    "registry/servers.py": "refuses to store what nothing permits",
    "gateway/demo/story.py": "reaches the endpoint of its own process, on whatever port that is",
    "gateway/settings/env.py": "reads which ports the door leaves open",
}

CONNECTING_CALLS = {
    "create_connection",
    "open_connection",
    "create_unix_connection",
    "open_unix_connection",
    "create_datagram_endpoint",
    "sock_connect",
    "connect_ex",
    "urlopen",
    "urlretrieve",
    "sendto",
}
RESOLVING_CALLS = {"getaddrinfo", "gethostbyname", "gethostbyname_ex", "getnameinfo", "gethostbyaddr"}
PROGRAM_CALLS = {"Popen", "create_subprocess_exec", "create_subprocess_shell", "posix_spawn", "posix_spawnp", "system"}
PROGRAM_CALLS |= {"execv", "execve", "execvp", "execvpe", "execl", "execlp", "spawnv", "spawnvp", "fork", "forkpty"}
CLIENTS = {"aiohttp", "httpx", "requests", "urllib3", "http.client", "urllib.request", "ftplib", "smtplib", "poplib"}
CLIENTS |= {"imaplib", "nntplib", "telnetlib", "xmlrpc.client", "websockets.client", "pycurl", "paramiko", "grpc", "h2"}
CLIENTS |= {"django.core.mail", "httpcore", "mcp", "fastmcp", "boto3", "dns", "aiodns"}


def calling(names: set[str]) -> set[str]:
    """The files that call something of one of these names."""
    return {name(path) for path in ours() for node in ast.walk(tree(path)) if called(node) in names}


def called(node: ast.AST) -> str:
    """The last part of the name that a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, and every name out of one."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_client(module: str) -> bool:
    """Whether a module is a client, or part of one."""
    return any(module == client or module.startswith(f"{client}.") for client in CLIENTS)


def ours() -> list[Path]:
    """The product's own files."""
    return [*modules(*APPS), ROOT / "manage.py"]


def test_only_named_modules_open_a_connection() -> None:
    """A second way out would be one that nothing judges."""
    assert calling(CONNECTING_CALLS) == set(CONNECT)


def test_only_named_modules_look_up_a_name() -> None:
    """What was looked up elsewhere could be judged there and connected to here: that is how names are rebound."""
    assert calling(RESOLVING_CALLS) == set(RESOLVE)


def test_no_module_brings_a_client_that_connects_by_itself() -> None:
    """Their redirects, proxies and retries would pass the door by."""
    bringing = {name(path) for path in ours() if any(is_client(module) for module in imported(path))}
    assert bringing == set(BRINGS_CLIENT)


def test_only_named_modules_have_sockets_of_their_own() -> None:
    """A plain socket connects by a method that has a common name, so whoever imports the module is named."""
    assert {name(path) for path in ours() if "socket" in imported(path)} == set(SOCKETS)


def test_only_named_modules_start_programs() -> None:
    """A program can connect too: what is started is an accepted argv, or ours."""
    starting = {name(path) for path in ours() if "subprocess" in imported(path)}
    assert calling(PROGRAM_CALLS) | starting == set(PROGRAMS)


def test_whoever_judges_addresses_of_servers_does_it_at_the_door() -> None:
    """One class judges; who else imports it is named, so that a second judgement cannot grow beside it."""
    judging = {
        name(path)
        for path in ours()
        if any(module.startswith("governance.egress") for module in imported(path))
        and not name(path).startswith("governance/egress/")
    }
    assert judging == set(DOOR)


def test_the_search_would_find_a_way_out() -> None:
    """The checks above can fail: each form that a client could have is noticed in a snippet."""
    for source in ("import httpx", "from urllib.request import urlopen", "def f():\n    import aiohttp.client"):
        found = {n.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for n in node.names}
        found |= {
            node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module
        }
        assert any(map(is_client, found))
    for source in ("await loop.create_connection(p, h, 1)", "asyncio.open_connection(h, 1)", "urlopen(u)"):
        assert {called(node) for node in ast.walk(ast.parse(source))} & CONNECTING_CALLS
