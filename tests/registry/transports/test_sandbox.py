"""What a server's program is kept from: real children behind the real shim (security.md 4, stdio)."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from registry.transports import sandbox_shim
from registry.transports.base import Unreachable
from registry.transports.sandbox import BadSandbox, Sandbox, account_of, read_sandbox
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment
from registry.transports.stdio_start import SHIM, Confinement, tried
from tests.registry.transports.over_stdio import LIMITS, PATIENCE, is_running, until

pytestmark = pytest.mark.any_database

ACCOUNT = 61_234
CHILD = Path(__file__).with_name("confined_child.py")
LINUX = sys.platform == "linux"
ROOT = os.geteuid() == 0
needs_linux = pytest.mark.skipif(not LINUX, reason="a sandbox needs Linux")
needs_root = pytest.mark.skipif(not (LINUX and ROOT), reason="an account of its own needs root on Linux")


def stands_against(confined: Confinement) -> str:
    """Why this machine cannot do it, "" where it can."""
    return tried(confined) if LINUX else "no Linux"


NO_NETWORK = stands_against(Confinement(Sandbox(network=False)))
needs_namespaces = pytest.mark.skipif(bool(NO_NETWORK), reason=f"no network namespaces here: {NO_NETWORK}")


@pytest.fixture(scope="module")
def everybodys() -> Iterator[Path]:
    """A folder that every account may read, with the child and the shim in it."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-confined-", dir="/tmp"))
    folder.chmod(0o755)
    for file in (CHILD, Path(SHIM)):
        (folder / file.name).write_bytes(file.read_bytes())
        (folder / file.name).chmod(0o644)
    yield folder
    shutil.rmtree(folder)


def interpreter() -> str:
    """A Python that every account may run: those of a person's home cannot be."""
    for each in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3", shutil.which("python3") or ""):
        real = Path(each).resolve() if each else Path("/nowhere")
        ways = [*real.parents, *Path(each).parents]
        if real.is_file() and all(way.stat().st_mode & 0o001 for way in ways):
            return each
    pytest.skip("no Python here that another account may run")


@asynccontextmanager
async def confined(
    everybodys: Path, *options: str, account: int | None = None, cwd: str | None = None, **sandbox: Any
) -> AsyncIterator[StdioUpstream]:
    """The child, as confined as the sandbox says."""
    upstream = StdioUpstream(
        [interpreter(), str(everybodys / CHILD.name), *options],
        environment=child_environment(os.environ, {"API_KEY": "for the child", "LD_PRELOAD_NOTHING": "x"}),
        cwd=cwd or str(everybodys),
        confined=Confinement(Sandbox(**sandbox), account),
        limits=LIMITS,
    )
    try:
        yield upstream
    finally:
        await upstream.close()


async def ask(upstream: StdioUpstream, tool: str, given: object = None) -> Any:
    """What a tool of the child says."""
    params = json.dumps({"name": tool, "arguments": {"given": given}}).encode()
    answer = await upstream.request("tools/call", params, name=tool, deadline=PATIENCE)
    assert answer.result is not None
    return json.loads(json.loads(answer.result)["content"][0]["text"])


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[int]]]:
    """A listener on the machine's loopback: its port, and an entry for each that connected."""
    came: list[int] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


# The network.


async def test_a_program_without_a_sandbox_reaches_the_loopback(everybodys: Path) -> None:
    """The refusals below are the sandbox's doing."""
    async with listening() as (port, came), confined(everybodys) as upstream:
        assert await ask(upstream, "connect", port) == "connected"
        await until(lambda: came)


@needs_namespaces
async def test_a_program_kept_from_the_network_reaches_nothing_of_this_machine(everybodys: Path) -> None:
    async with listening() as (port, came), confined(everybodys, network=False) as upstream:
        assert (await ask(upstream, "connect", port)).startswith("failed: ")
        assert came == []


@needs_namespaces
async def test_a_program_kept_from_the_network_still_talks_to_itself(everybodys: Path) -> None:
    """Runtimes use their own loopback between their own processes."""
    async with confined(everybodys, network=False) as upstream:
        assert await ask(upstream, "own_loopback") == "connected"


@needs_namespaces
async def test_a_program_kept_from_the_network_does_not_find_the_way_back(everybodys: Path) -> None:
    """A program of root would enter the network of process 1, had it kept its capabilities."""
    async with listening() as (port, came), confined(everybodys, network=False) as upstream:
        assert str(await ask(upstream, "back_to_the_network")).startswith("failed: ")
        assert (await ask(upstream, "connect", port)).startswith("failed: ")
        assert came == []


# Account, privileges, limits.


@needs_root
async def test_a_program_with_an_account_of_its_own_is_nobody_else(everybodys: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the gateway")
    secret.chmod(0o600)
    async with confined(everybodys, account=ACCOUNT, own_uid=True) as upstream:
        assert await ask(upstream, "accounts") == [[ACCOUNT] * 3, [ACCOUNT] * 3, []]
        assert await ask(upstream, "read", str(secret)) == "failed: PermissionError"
        assert await ask(upstream, "read", f"/proc/{os.getpid()}/environ") == "failed: PermissionError"


@pytest.mark.parametrize(
    "sandbox",
    [
        {"open_files": 200},
        pytest.param({"network": False}, marks=needs_namespaces),
        pytest.param({"own_uid": True}, marks=needs_root),
        pytest.param({"own_uid": True, "network": False, "processes": 50}, marks=[needs_root, needs_namespaces]),
    ],
)
@needs_linux
async def test_a_confined_program_has_no_privileges_and_gains_none(everybodys: Path, sandbox: dict[str, Any]) -> None:
    account = ACCOUNT if "own_uid" in sandbox else None
    async with confined(everybodys, account=account, **sandbox) as upstream:
        said = await ask(upstream, "status")
        assert (said["NoNewPrivs"], {said[name] for name in ("CapEff", "CapPrm", "CapAmb")}) == ("1", {"0" * 16})
        assert await ask(upstream, "setuid_program") != "0" or (ROOT and account is None)


@needs_linux
async def test_limits_hold_and_cannot_be_raised(everybodys: Path, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir=everybodys))
    folder.chmod(0o777)
    limits = {"open_files": 64, "file_bytes": 100_000, "memory_bytes": 1 << 28}
    async with confined(everybodys, **limits) as upstream:
        said = await ask(upstream, "limits")
        assert said["CORE"] == [0, 0]
        assert (said["NOFILE"], said["FSIZE"], said["DATA"]) == ([64, 64], [100_000] * 2, [1 << 28] * 2)
        assert str(await ask(upstream, "raise_limit")).startswith("failed: ")
        assert await ask(upstream, "hold_files", 200) == "failed: OSError"
        assert await ask(upstream, "write", {"path": str(folder / "small"), "bytes": 99_000}) == 99_000
        assert await ask(upstream, "write", {"path": str(folder / "large"), "bytes": 200_000}) == "failed: OSError"
        assert (folder / "large").stat().st_size == 100_000
        assert await ask(upstream, "hold_memory", 1 << 29) == "failed: MemoryError"


@needs_root
async def test_a_limit_of_processes_holds_for_the_account(everybodys: Path) -> None:
    account = ACCOUNT + 1  # Processes are counted by account, and other tests use the other one.
    async with confined(everybodys, account=account, own_uid=True, processes=12) as upstream:
        assert await ask(upstream, "hold_processes", 3) == "held 3"
        assert await ask(upstream, "hold_processes", 100) == "failed: BlockingIOError"


# What stays as it is without a sandbox.


@pytest.mark.parametrize("account", [None, pytest.param(ACCOUNT, marks=needs_root)])
@needs_linux
async def test_the_shim_leaves_environment_arguments_folder_and_group_as_they_are(
    everybodys: Path, account: int | None
) -> None:
    odd = ["--x=$(id)", "", "a b", "ü\n", "-I"]
    async with (
        confined(everybodys, *odd) as plain,
        confined(everybodys, *odd, account=account, own_uid=account is not None, open_files=100) as behind,
    ):
        said, shown = await ask(plain, "facts"), await ask(behind, "facts")
        assert shown == said
        assert shown["argv"] == odd and shown["env"]["API_KEY"] == "for the child" and shown["leads"]


@pytest.mark.parametrize("account", [None, pytest.param(ACCOUNT, marks=needs_root)])
@needs_linux
async def test_the_end_of_a_confined_program_is_the_end_of_all_it_started(
    everybodys: Path, account: int | None
) -> None:
    network = bool(NO_NETWORK)
    async with confined(
        everybodys, account=account, own_uid=account is not None, network=network, open_files=99
    ) as upstream:
        below = await ask(upstream, "below")
        child = upstream.pid
        assert child is not None and is_running(below)
        await upstream.close()
    await until(lambda: not is_running(child) and not is_running(below))


@needs_linux
async def test_a_confined_program_is_killed_with_the_gateway(everybodys: Path) -> None:
    """The watchman knows the group from the moment it exists, behind the shim too."""
    code = (
        "import asyncio, sys\n"
        "from registry.transports.stdio_child import Child\n"
        "from registry.transports.base import Limits\n"
        "from registry.transports.sandbox import Sandbox\n"
        "from registry.transports.stdio_start import Confinement\n"
        "async def main():\n"
        "    child = Child(Limits(), lambda *_: True, lambda *_: None)\n"
        "    await child.start(['/bin/sh', '-c', 'sleep 600'], {}, None, Confinement(Sandbox(open_files=50)))\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    gateway = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE)
    assert gateway.stdout is not None
    child = int(await asyncio.to_thread(gateway.stdout.readline))
    assert is_running(child)
    gateway.kill()
    gateway.wait()
    gateway.stdout.close()
    await until(lambda: not is_running(child))


# What cannot be had is not done without.


@needs_linux
@pytest.mark.parametrize(
    ("sandbox", "account", "says"),
    [
        pytest.param({"own_uid": True}, None, "GATEHOUSE_SANDBOX_UID names none"),
        pytest.param({"own_uid": True}, os.getuid() or 0, "is root's or the gateway's"),
        pytest.param(
            {"processes": 10},
            None,
            "no such limit holds for root",
            marks=pytest.mark.skipif(not ROOT, reason="root alone is not limited"),
        ),
        pytest.param(
            {"own_uid": True},
            ACCOUNT,
            "the gateway has to run as root",
            marks=pytest.mark.skipif(ROOT, reason="root may"),
        ),
    ],
)
async def test_a_program_that_cannot_be_confined_as_demanded_is_not_started(
    everybodys: Path, tmp_path: Path, sandbox: dict[str, Any], account: int | None, says: str
) -> None:
    marker = tmp_path / "marker"
    async with confined(everybodys, "--marker", str(marker), account=account, **sandbox) as upstream:
        with pytest.raises(Unreachable) as refused:
            await upstream.open()
        assert says in str(refused.value) and "\n" not in str(refused.value)
        assert not refused.value.sent
    assert not marker.exists()


class Kernel:
    """A kernel that answers `unshare` in a way of its own."""

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def unshare(self, spaces: int) -> int:
        """Move nowhere."""
        ctypes.set_errno(1)
        return self.answer


@needs_linux
@pytest.mark.parametrize(("answer", "says"), [(-1, "Operation not permitted"), (0, "left it where it was")])
def test_a_kernel_that_keeps_nothing_from_the_network_is_found_out(answer: int, says: str) -> None:
    """Whether it says so or not."""
    with pytest.raises(sandbox_shim.Refusal, match=says):
        sandbox_shim.leave_network(Kernel(answer), sandbox_shim.CLONE_NEWNET)  # type: ignore[arg-type]


def through_shim(everybodys: Path, plan: dict[str, Any], **as_whom: Any) -> tuple[bytes, bytes]:
    """What the shim says, and what the program that it became says, for another account than ours."""
    memory = os.memfd_create("plan")
    os.write(memory, json.dumps(plan).encode())
    os.lseek(memory, 0, os.SEEK_SET)
    mine, theirs = os.pipe()
    command = [interpreter(), "-I", "-S", str(everybodys / Path(SHIM).name), str(memory), str(theirs)]
    with subprocess.Popen(command, env={}, pass_fds=(memory, theirs), stdout=subprocess.PIPE, **as_whom) as process:
        os.close(theirs)
        os.close(memory)
        with os.fdopen(mine, "rb") as status:
            said = status.read()
        out, _ = process.communicate(timeout=PATIENCE)
    return said, out


@needs_root
def test_a_gateway_that_is_not_root_keeps_a_program_from_the_network_or_does_not_start_it(everybodys: Path) -> None:
    """By a user namespace, where the kernel lets everybody have one."""
    read = "print(open('/proc/net/dev').read(), open('/proc/self/status').read())"
    argv = [interpreter(), "-I", "-c", read]
    plan = {"argv": argv, "environment": {}, "network": False, "uid": None, "limits": {}}
    said, out = through_shim(everybodys, plan, user=65_534, group=65_534, extra_groups=[])
    if said != b"+":
        assert said.startswith(b"!cannot be kept from the network: ") and out == b""
        return
    devices = [line.split(b":")[0].strip() for line in out.splitlines() if b":" in line and b"|" not in line]
    assert devices[0] == b"lo" and b"eth0" not in devices
    assert b"CapEff:\t0000000000000000" in out and b"CapBnd:\t0000000000000000" in out


@needs_root
def test_a_gateway_that_is_not_root_gives_no_account_and_starts_nothing(everybodys: Path) -> None:
    plan = {"argv": ["/bin/echo", "ran"], "environment": {}, "network": True, "uid": ACCOUNT, "limits": {}}
    said, out = through_shim(everybodys, plan, user=65_534, group=65_534, extra_groups=[])
    assert b"the gateway has to run as root, or with the capabilities SETUID, SETGID and KILL" in said
    assert (said[:1], out) == (b"!", b"")


@needs_linux
@pytest.mark.parametrize("program", ["/no/such/program", "/etc/passwd"])
async def test_a_program_that_is_none_is_told_as_without_a_sandbox(program: str) -> None:
    said = []
    for sandbox in (Sandbox(), Sandbox(open_files=100)):
        upstream = StdioUpstream([program], environment={}, confined=Confinement(sandbox))
        with pytest.raises(Unreachable) as refused:
            await upstream.open()
        said.append(str(refused.value))
        await upstream.close()
    assert said[0] == said[1] and program in said[0]


@needs_linux
@pytest.mark.parametrize(("argv", "environment"), [(["/bin/true", "a\0b"], {}), (["/bin/true"], {"A": "b\0c"})])
async def test_a_null_character_is_refused_before_the_shim(argv: list[str], environment: dict[str, str]) -> None:
    upstream = StdioUpstream(argv, environment=environment, confined=Confinement(Sandbox(open_files=100)))
    with pytest.raises(Unreachable, match="null character"):
        await upstream.open()
    await upstream.close()


@needs_linux
async def test_what_is_given_to_a_program_bends_no_shim(everybodys: Path, tmp_path: Path) -> None:
    """The environment of a server reaches the program alone: it is code of ours that runs before, perhaps as root."""
    marker = tmp_path / "marker"
    (tmp_path / "json.py").write_text(f"open({str(marker)!r}, 'w')")
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "json.py"), "PATH": "/usr/bin:/bin"}
    upstream = StdioUpstream(
        ["/bin/sh", "-c", "exit 0"],
        environment=environment,
        cwd=str(tmp_path),
        confined=Confinement(Sandbox(open_files=100)),
        limits=LIMITS,
    )
    with pytest.raises(Exception, match="ended|closed|server"):
        await upstream.open()
    await upstream.close()
    assert not marker.exists()


# The forms of a sandbox.


@pytest.mark.parametrize(
    "sandbox",
    [
        Sandbox(),
        Sandbox(network=False),
        Sandbox(own_uid=True),
        Sandbox(network=False, own_uid=True, open_files=1, processes=2, file_bytes=3, memory_bytes=4),
    ],
)
def test_a_sandbox_comes_back_from_its_stored_form(sandbox: Sandbox) -> None:
    assert read_sandbox(json.loads(json.dumps(sandbox.record()))) == sandbox
    assert sandbox.demanded is (sandbox.record() != {})


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"net": False}, "'net' is no key"),
        ({"network": "no"}, "true or false"),
        ({"uid": 1}, "true or false"),
        ({"limits": [1]}, "mapping"),
        ({"limits": {"files": 1}}, "'files' is no limit"),
        ({"limits": {"open_files": 0}}, "at least 1"),
        ({"limits": {"open_files": True}}, "at least 1"),
        ({"limits": {"open_files": "64"}}, "at least 1"),
    ],
)
def test_a_stored_sandbox_that_means_nothing_is_refused(record: dict[str, Any], says: str) -> None:
    """A key that nobody reads would be a protection that nobody has."""
    with pytest.raises(BadSandbox, match=says):
        read_sandbox(record)


def test_a_server_keeps_its_account_and_a_range_parts_servers() -> None:
    accounts = {name: account_of(name, (61_000, 61_999)) for name in ("files", "git", "time", "tickets")}
    assert accounts == {name: account_of(name, (61_000, 61_999)) for name in accounts}
    assert all(61_000 <= each <= 61_999 for each in accounts.values()) and len(set(accounts.values())) == 4
    assert account_of("files", (61_000, 61_000)) == 61_000
