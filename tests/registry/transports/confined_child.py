"""An MCP server over standard streams that tries what a sandbox forbids: the tool that is called says what.

It needs the standard library alone, so that any interpreter runs it, as any account.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

HERE = "127.0.0.1"


def connect(port: int) -> str:
    """Reach a listener on the machine's loopback."""
    try:
        with socket.create_connection((HERE, port), timeout=5):
            return "connected"
    except OSError as wrong:
        return f"failed: {type(wrong).__name__}"


def own_loopback(_: object) -> str:
    """Reach a listener of its own."""
    with socket.create_server((HERE, 0)) as listener:
        return connect(listener.getsockname()[1])


def back_to_the_network(_: object) -> str:
    """Return to the network of the first process, as one can who is let."""
    with Path("/proc/1/ns/net").open() as space:
        return "back" if ctypes.CDLL(None).setns(space.fileno(), 0) == 0 else "failed: setns"


def accounts(_: object) -> list[Any]:
    """Who it is."""
    return [list(os.getresuid()), list(os.getresgid()), os.getgroups()]


def status(_: object) -> dict[str, str]:
    """What the kernel says of it."""
    lines = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def limits(_: object) -> dict[str, Any]:
    """The limits it lives under."""
    names = ("CORE", "NOFILE", "NPROC", "FSIZE", "DATA")
    return {name: list(resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))) for name in names}


def raise_limit(_: object) -> str:
    """Give itself more files than it was given."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, 100_000))
    return "raised"


def write(given: dict[str, Any]) -> int:
    """Write a file of so many bytes."""
    return Path(given["path"]).write_bytes(b"x" * given["bytes"])


def read(path: str) -> str:
    """Read a file."""
    return Path(path).read_text()


def hold_files(count: int) -> int:
    """Open so many files at once."""
    held: list[int] = []
    try:
        while len(held) < count:
            held.append(os.open("/dev/null", os.O_RDONLY))
    finally:
        for each in held:
            os.close(each)
    return count


def hold_processes(count: int) -> str:
    """Start so many processes, that live until standard input of each ends."""
    held: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            held.append(subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE))
    finally:
        for each in held:
            each.kill()
            each.wait()
    return f"held {len(held)}"


def hold_memory(size: int) -> int:
    """Take so many bytes."""
    return len(bytearray(size))


def below(_: object) -> int:
    """Start a process that outlives its parent unless the group is ended, and takes no notice of TERM."""
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    return subprocess.Popen([sys.executable, "-c", code]).pid


def facts(_: object) -> dict[str, Any]:
    """Environment, argv, folder, group, and how it takes signals that interpreters ignore."""
    ignored = int(status(None)["SigIgn"], 16)
    return {
        "env": dict(os.environ),
        "argv": sys.argv[1:],
        "cwd": str(Path.cwd()),
        "leads": os.getpgid(0) == os.getpid() == os.getsid(0),
        "descriptors": len([*Path("/proc/self/fd").iterdir()]),
        "ignored": ignored,
    }


def setuid_program(_: object) -> str:
    """Gain what a set-uid program gives, if there is one."""
    command = ["/bin/su", "-c", "id -u"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.strip()


TOOLS = (
    connect, own_loopback, back_to_the_network, accounts, status, limits, raise_limit, write, read, hold_files,
    hold_processes, hold_memory, below, facts, setuid_program,
)  # fmt: skip


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The result of a request. Raises KeyError for a method that is not there."""
    if method == "initialize":
        server = {"name": "confined", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}
    if method != "tools/call":
        raise KeyError(method)
    tool = {each.__name__: each for each in TOOLS}[params["name"]]
    try:
        said = json.dumps(tool(params["arguments"].get("given")))
    except (OSError, MemoryError, ValueError, RuntimeError) as wrong:
        said = json.dumps(f"failed: {type(wrong).__name__}")
    return {"content": [{"type": "text", "text": said}]}


def main() -> None:
    """Answer lines until there are none."""
    if len(sys.argv) > 2 and sys.argv[1] == "--marker":
        Path(sys.argv[2]).touch()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.stack_size(256 * 1024)
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        try:
            body = {"result": answer(message["method"], message.get("params") or {})}
        except KeyError:
            body = {"error": {"code": -32601, "message": "not here"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}), flush=True)


if __name__ == "__main__":
    main()
