"""Real `manage.py serve` processes on a database of their own, for tests, the benchmark and the proof programs.

Usable without pytest:  with databases(server, folder) as made, gatehouse(config, policy, databases=made) as running:
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg

from tests.databases import ROOT, Copy, Databases
from tests.waiting import eventually

READY_WITHIN = 40.0
STOPS_WITHIN = 10.0
COMMAND_WITHIN = 60.0
# Below the range that the kernel hands out for outgoing connections, so that nobody takes a port between the look
# and the bind; each process looks from a place of its own.
PORTS = range(20_000, 32_000)
_next_port = PORTS.start + os.getpid() * 61 % len(PORTS)


class Failed(AssertionError):
    """A command or process did not do what it had to; the text holds what it printed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Installation:
    """A data folder and a database: what all processes and commands of one Gatehouse share."""

    folder: Path
    copy: Copy
    redis_url: str = ""
    redis_prefix: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, Any] = field(default_factory=lambda: {"agents": {}, "people": {}})

    def environ(self, port: int) -> dict[str, str]:
        """The whole environment of a process of this installation."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ", "TMPDIR") if name in os.environ}
        return {
            **inherited,
            "GATEHOUSE_MODE": "demo",
            "GATEHOUSE_DATA": str(self.folder),
            "DATABASE_URL": self.copy.url,
            "REDIS_URL": self.redis_url,
            "GATEHOUSE_REDIS_PREFIX": self.redis_prefix,
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }

    def manage(
        self, *arguments: str, port: int = 8000, check: bool = True, within: float = COMMAND_WITHIN, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` beside whatever serves. Raises Failed when it does not exit 0, unless check=False."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environ(port) | environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if check and done.returncode:
            said = f"{done.stdout}{done.stderr}".strip()
            raise Failed(f"manage.py {' '.join(arguments)} exited with {done.returncode}:\n{said}")
        return done

    def apply(
        self, config: Mapping[str, Any] | str, policy: str | None = None, *, check: bool = True, reissue: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Write gatehouse.yaml (and policy.yaml beside it) and apply it; newly issued credentials are remembered."""
        if policy is not None:
            (self.folder / "policy.yaml").write_text(policy)
            if not isinstance(config, str):
                config = {"policy": {"file": "policy.yaml"}, **config}
        file = self.folder / "gatehouse.yaml"
        # JSON is YAML, and quotes every string.
        file.write_text(config if isinstance(config, str) else json.dumps({"version": 1, **config}, indent=2))
        issued = self.folder / "credentials.json"
        issued.unlink(missing_ok=True)
        wanted = ["apply", str(file), "--credentials-out", str(issued), *(["--reissue", reissue] if reissue else [])]
        done = self.manage(*wanted, check=check)
        if issued.exists():
            for kind, entries in json.loads(issued.read_text()).items():
                self.credentials.setdefault(kind, {}).update(entries)
        return done

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows read straight from the database, past Django; `?` marks a value on both vendors."""
        if self.copy.url.startswith("sqlite"):
            connection = sqlite3.connect(f"file:{self.copy.name}?mode=ro", uri=True, timeout=10)
            try:
                cursor = connection.execute(query, values)
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            finally:
                connection.close()
        with psycopg.connect(self.copy.url, autocommit=True, connect_timeout=5) as link:
            found = link.execute(query.replace("?", "%s").encode(), values or None)
            names = [column.name for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def ledger(self, kind: str = "") -> list[dict[str, Any]]:
        """The ledger's entries in the order of their streams, as they were hashed (`text`, parsed)."""
        rows = self.rows("SELECT kind, text FROM governance_ledgerentry ORDER BY stream_id, seq")
        return [json.loads(row["text"]) for row in rows if not kind or row["kind"] == kind]


class Running:
    """One `manage.py serve` process of an installation. Made by `gatehouse` or `beside`."""

    def __init__(self, installation: Installation, *arguments: str) -> None:
        self.installation = installation
        self.arguments = arguments
        self.port = free_port()
        self.log_file = installation.folder / f"serve-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        """Its data folder."""
        return self.installation.folder

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self.process is not None, "not started"
        return self.process.pid

    @property
    def log(self) -> str:
        """What the process printed so far, over all its starts."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def token(self, agent: str) -> str:
        """The bearer token that `apply` issued to an agent."""
        return str(self.installation.credentials["agents"][agent])

    def api_token(self, email: str) -> str:
        """The API token that `apply` issued to a person."""
        return str(self.installation.credentials["people"][email]["api_token"])

    def sign_in(self, email: str) -> str:
        """A new one-time sign-in link."""
        return self.manage("sign_in", email).stdout.strip().splitlines()[-1]

    def manage(
        self, *arguments: str, check: bool = True, within: float = COMMAND_WITHIN, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """See Installation.manage."""
        return self.installation.manage(*arguments, port=self.port, check=check, within=within, **environment)

    def apply(self, config: Mapping[str, Any] | str, policy: str | None = None, **named: Any) -> Any:
        """See Installation.apply; the running process sees the change by itself."""
        return self.installation.apply(config, policy, **named)

    def ledger(self, kind: str = "") -> list[dict[str, Any]]:
        """See Installation.ledger."""
        return self.installation.ledger(kind)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """See Installation.rows."""
        return self.installation.rows(query, *values)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: bytes | str | Mapping[str, Any] | list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        within: float = 30.0,
    ) -> Answer:
        """One HTTP exchange; a mapping or list is sent as JSON."""
        sent = dict(headers or {})
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if isinstance(body, Mapping | list):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within)
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def start(self, *, within: float = READY_WITHIN) -> Self:
        """Start the process and wait until it says that calls would be served."""
        self.launch()
        self.wait_until_ready(within=within)
        return self

    def launch(self) -> Self:
        """Start the process without waiting."""
        assert self.process is None or self.process.poll() is not None, "still running"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port), *self.arguments],
                env=self.installation.environ(self.port),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def wait_until_ready(self, *, within: float = READY_WITHIN) -> None:
        """Return when /readyz answers 200. Raises Failed with the log when the process ends or does not get there."""

        def settled() -> bool:
            return self.process is None or self.process.poll() is not None or self.ready()

        try:
            eventually(settled, within=within, what="/readyz answers 200")
        except AssertionError as late:
            raise Failed(f"not ready within {within} s: {self.readiness()}\n{self.log[-4000:]}") from late
        if self.process is None or self.process.poll() is not None:
            code = self.process.returncode if self.process else None
            raise Failed(f"serve ended with {code} before it was ready:\n{self.log[-4000:]}")

    def ready(self) -> bool:
        """Whether /readyz answers 200 now."""
        return self.readiness().startswith("200")

    def readiness(self) -> str:
        """What /readyz says now: status and reasons, or why it cannot be asked."""
        try:
            answer = self.request("GET", "/readyz", within=5.0)
        except (OSError, http.client.HTTPException) as problem:
            return f"no answer ({problem})"
        return f"{answer.status} {answer.body.decode(errors='replace')}"

    def kill(self) -> None:
        """SIGKILL to the whole process group, as a machine that loses power would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOPS_WITHIN)

    def stop(self) -> int:
        """SIGTERM; returns the exit status. Raises Failed when the process has not ended after 10 s."""
        assert self.process is not None, "not started"
        self.process.terminate()
        try:
            return self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise Failed(f"serve did not stop within {STOPS_WITHIN} s of SIGTERM:\n{self.log[-4000:]}") from late

    def restart(self, *, within: float = READY_WITHIN) -> Self:
        """Stop if it runs, and start again on the same port."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        return self.start(within=within)

    @contextmanager
    def beside(self, *arguments: str) -> Iterator[Running]:
        """A further process of the same installation, started (PostgreSQL only); killed at the end."""
        other = Running(self.installation, *arguments)
        try:
            yield other.start() if "--only" not in arguments or "gateway" in arguments else other.launch()
        finally:
            other.kill()


@contextmanager
def installation(
    *, databases: Databases, redis_url: str = "", folder: Path | None = None, **environment: str
) -> Iterator[Installation]:
    """A data folder and a migrated database of its own; both are gone at the end, and so are its Redis keys."""
    with ExitStack() as stack:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="gatehouse-data-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        copy = databases.copy()
        stack.callback(databases.drop, copy)
        prefix = f"gatehouse-test-{secrets.token_hex(4)}"
        if redis_url:
            stack.callback(forget_redis_keys, redis_url, prefix)
        yield Installation(folder, copy, redis_url, prefix, environment)


@contextmanager
def gatehouse(
    config: Mapping[str, Any] | str,
    policy: str | None = None,
    *,
    databases: Databases,
    redis_url: str = "",
    folder: Path | None = None,
    arguments: tuple[str, ...] = (),
    apply_may_fail: bool = False,
    **environment: str,
) -> Iterator[Running]:
    """A Gatehouse that serves `config` (a mapping, or a gatehouse.yaml's text) on a database of its own.

    With `apply_may_fail` an apply that exits 1 (items held, a server unreachable) is no failure. Further keywords are
    environment variables of every process. Raises Failed with what was printed.
    """
    with installation(databases=databases, redis_url=redis_url, folder=folder, **environment) as made:
        done = made.apply(config, policy, check=not apply_may_fail)
        if done.returncode not in (0, 1):
            raise Failed(f"apply exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        running = Running(made, *arguments)
        try:
            yield running.start()
        finally:
            running.kill()


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    global _next_port  # noqa: PLW0603  Each look goes on where the last one stopped.
    for _ in PORTS:
        port, _next_port = _next_port, PORTS.start + (_next_port + 1 - PORTS.start) % len(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("no free port")


def forget_redis_keys(url: str, prefix: str) -> None:
    """Delete what one installation left in Redis."""
    import redis

    with redis.Redis.from_url(url, socket_timeout=5) as server:
        for key in server.scan_iter(match=f"*{prefix}*", count=1000):
            server.delete(key)


def redis_answers(url: str) -> str:
    """Why Redis at `url` cannot be used, or "" when it answers."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as server:
            server.ping()
    except (redis.RedisError, OSError) as problem:
        return f"Redis does not answer at {public(url)}: {problem}"
    return ""


def postgres_answers(url: str) -> str:
    """Why PostgreSQL at `url` cannot be used, or "" when it answers."""
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error as problem:
        return f"PostgreSQL does not answer at {public(url)}: {str(problem).strip().splitlines()[0]}"
    return ""


def public(url: str) -> str:
    """A URL without its password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if parts.password else url
