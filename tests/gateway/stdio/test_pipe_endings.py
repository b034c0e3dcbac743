"""`gatehouse stdio`: how it starts, what ends it, and how it ends; certificates."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.gateway.stdio.piping import PROGRAM, Asked, Sessions, endpoint, opened, piped, plain, request, stateless
from tests.waiting import eventually_async

# Starting.


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("http://127.0.0.1:9/mcp/x", "", "GATEHOUSE_TOKEN is not set"),
        ("http://127.0.0.1:9/mcp/x", "a b", "GATEHOUSE_TOKEN holds a character"),
        ("http://gate.example.com/mcp/x", "tok", "use https, or --allow-http"),
        ("nonsense", "tok", "write https://HOST/mcp/SERVER"),
        (None, "tok", "--url"),
    ],
)
def test_bad_usage_is_told_and_exits_two(url: str | None, token: str, said: str) -> None:
    """Contract 1: usage; nothing on standard output."""
    arguments = [] if url is None else ["--url", url]
    done = subprocess.run(
        [PROGRAM, "stdio", *arguments],
        env={"GATEHOUSE_TOKEN": token},
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.strip().splitlines()[-1].startswith("gatehouse stdio: ")


def test_the_program_loads_neither_django_nor_another_framework() -> None:
    """Contract 1: pure subcommands import no Django."""
    look = (
        "import sys; sys.argv = ['gatehouse', 'stdio', '--url', 'nonsense']\n"
        "from gateway.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import gateway.stdio.program\n"
        "print([name for name in ('django', 'celery', 'channels', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", look],
        env={"GATEHOUSE_TOKEN": "t"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == "[]"


# Refused.


async def test_a_refused_token_ends_it_with_the_remedy() -> None:
    """Exit 1, the remedy in one line, and the client's request is answered with what the endpoint said."""
    told = "Send `Authorization: Bearer …` with a token\x1b[2J\nof this gateway."

    async def serve(asked: Asked) -> None:
        await asked.answer({"jsonrpc": "2.0", "id": None, "error": {"code": 40100, "message": told}}, 401)

    async with endpoint(serve) as server, piped(server.url) as pipe:
        answer = await pipe.ask(request(7, "initialize"))
        assert (answer["id"], answer["error"]["code"]) == (7, 40100)
        assert await pipe.ended() == 1
        assert await pipe.line() == b""
        said = await pipe.complaints()
    assert said.count("\n") == 1 and "\x1b" not in said
    assert said.startswith("gatehouse stdio: Send `Authorization: Bearer …`")
    assert "tok" not in said.replace("token", "")
    assert len(server.asked) == 1


async def test_a_token_that_is_revoked_later_ends_it_too() -> None:
    """Whatever waits is answered first."""

    async def serve(asked: Asked) -> None:
        if asked.message["method"] == "slow":
            await asked.left()
        elif server.posted("slow"):
            await asked.answer({"jsonrpc": "2.0", "id": 3, "error": {"code": 40100, "message": "Revoked."}}, 401)
        else:
            await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        await pipe.ask(stateless(1, "x"))
        pipe.write(stateless(2, "slow"))
        await eventually_async(lambda: server.posted("slow"), what="the slow one arrives")
        pipe.write(stateless(3, "x"))
        got = {each["id"]: each["error"] for each in await pipe.messages(2)}
        assert got[3]["message"] == "Revoked." and got[2]["data"] == {"outcome": "unknown"}
        assert await pipe.ended() == 1


# Ending.


async def test_the_end_of_input_waits_for_the_answers() -> None:
    """A script that writes and closes gets everything."""
    go = asyncio.Event()

    async def serve(asked: Asked) -> None:
        await go.wait()
        await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(stateless(1, "x"), stateless(2, "x"))
        pipe.end_input()
        await eventually_async(lambda: len(server.asked) == 2, what="both arrive")
        go.set()
        assert {each["id"] for each in await pipe.messages(2)} == {1, 2}
        assert await pipe.line() == b""
        assert await pipe.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    """Exit 0, no traceback; what is outstanding is answered and the session ended."""

    async def serve(asked: Asked) -> None:
        await asked.left()

    async with endpoint(Sessions(serve)) as server, piped(server.url) as pipe:
        await opened(pipe)
        pipe.write(request(1, "slow"))
        await eventually_async(lambda: server.posted("slow"), what="the call arrives")
        pipe.signal(number)
        assert (await pipe.message())["error"]["data"] == {"outcome": "unknown"}
        assert await pipe.ended() == 0
        assert await pipe.complaints() == ""
    assert server.having("DELETE")


async def test_a_signal_ends_it_while_the_endpoint_is_away() -> None:
    """It does not try for ever, and says that nothing was sent."""
    async with endpoint(plain) as server:
        await server.stop()
        async with piped(server.url) as pipe:
            pipe.write(stateless(1, "x"))
            await pipe.complaint("cannot be reached")
            pipe.signal(signal.SIGTERM)
            assert (await pipe.message())["error"]["data"] == {"outcome": "not_sent"}
            assert await pipe.ended() == 0


async def test_a_client_that_is_gone_ends_it() -> None:
    """Nobody reads standard output: there is nothing left to do."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import subprocess, sys\n"
        "p = subprocess.Popen(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.PIPE)\n"
        "p.stdout.close()\n"
        "sys.exit(p.wait())",
        str(PROGRAM),
        "stdio",
        "--url",
        "http://127.0.0.1:9/mcp/x",
        env={"GATEHOUSE_TOKEN": "t"},
        stdin=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"nonsense\n")
    assert await asyncio.wait_for(process.wait(), 20) == 0


# TLS.


def certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gatehouse test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "tls.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


async def test_tls_is_spoken_with_whom_the_system_trusts(tmp_path: Path) -> None:
    """A trusted certificate is served over one kept connection; another one ends the program before the token goes."""
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with endpoint(plain, context) as server:
        async with piped(server.url, SSL_CERT_FILE=str(file)) as pipe:
            for number in range(3):
                assert (await pipe.ask(stateless(number, "x")))["result"] == {}
        assert (len(server.asked), server.connections) == (3, 1)
        async with piped(server.url) as pipe:
            answer = await pipe.ask(stateless(1, "x"))
            assert "certificate is not trusted" in answer["error"]["message"]
            assert await pipe.ended() == 1
        assert len(server.asked) == 3
