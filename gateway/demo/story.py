"""Live the demo's story through the real front door: calls that are allowed, denied, redacted, and one that waits."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import uvicorn
from asgiref.sync import sync_to_async
from django.conf import settings

from gateway import runtime
from gateway.demo import seed, setting
from registry.transports.base import UpstreamError
from registry.transports.http import HttpUpstream

DECISION = "io.gatehouse/decision"
STARTS_WITHIN = 30.0


async def tell(server: uvicorn.Server, *, port: int, seeded: bool) -> None:
    """Print the links, make the calls once, and keep one call waiting until somebody decides it."""
    run = await sync_to_async(seed.write_run_file, thread_sensitive=False)()
    await _ready(server)
    welcome(run)
    token = run["agents"].get(setting.AGENT)
    if token is None or "git" not in {row["name"] for row in setting.servers(setting.programs())}:
        say("The story is not told: it needs git and the servers of .venv-demo (make run installs them).")
        return
    git = HttpUpstream(
        f"http://127.0.0.1:{port}/mcp/git", headers={"Authorization": f"Bearer {token}"}, allow_private=True
    )
    try:
        if seeded:
            await _calls(git)
        await _keep_one_waiting(git)
    except UpstreamError as problem:
        if not server.should_exit:
            say(f"The story ended early: {problem}")
    finally:
        await git.close()


async def _ready(server: uvicorn.Server) -> None:
    async with asyncio.timeout(STARTS_WITHIN):
        while not server.started or (gateway := runtime.running()) is None or gateway.unready():  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # Several unrelated things have to be up, none of which announces itself.


async def _calls(git: HttpUpstream) -> None:
    """What an ordinary working agent does, and what it must not get away with."""
    repository = str(setting.workspace() / "repository")
    for _ in range(5):
        for tool in ("git_status", "git_log", "git_diff_unstaged"):
            await _call(git, tool, repo_path=repository)
    await _call(git, "git_show", repo_path=repository, revision="HEAD")
    await _call(git, "git_log", repo_path="/etc")
    await _call(git, "git_log", repo_path=f"{repository}/../../..")
    await _call(git, "git_reset", repo_path=repository)
    await _call(git, "git_push", repo_path=repository)


async def _keep_one_waiting(git: HttpUpstream) -> None:
    """Ask for a branch; ask again when nobody decided in time; end once somebody did."""
    repository = str(setting.workspace() / "repository")
    while True:
        decision = await _call(git, "git_create_branch", repo_path=repository, branch_name="release-1")
        status = decision.get("status", "ok")
        if status not in ("waiting", "expired"):
            say(f"The waiting call has ended: {decision.get('reason') or 'approved, and the branch was made'}.")
            return


async def _call(git: HttpUpstream, tool: str, **arguments: str) -> dict[str, Any]:
    """One call, as any MCP client makes it; the decision that came with a refusal, else empty."""
    params = json.dumps({"name": tool, "arguments": arguments}).encode()
    while True:
        answer = await git.request("tools/call", params, deadline=700, name=tool)
        result = json.loads(answer.result or answer.error or b"{}")
        if result.get("resultType") != "input_required":
            decision = result.get("_meta", {}).get(DECISION, {})
            return decision if isinstance(decision, dict) else {}
        state = {"name": tool, "arguments": arguments, "requestState": result["requestState"]}
        params = json.dumps(state).encode()


def welcome(run: dict[str, Any]) -> None:
    """The lines a newcomer begins with."""
    token = run["agents"].get(setting.AGENT, "<token>")
    say("")
    say(f"Gatehouse is running. Console: {run['console']}")
    for email, given in run["people"].items():
        say(f"  sign in as {email:22} {given['sign_in']}")
    say("1 call is waiting for you: sign in as approver@example.com and open the inbox.")
    say(f"Connect Claude Code:  claude mcp add --transport http git {run['mcp']}/git \\")
    say(f'                        --header "Authorization: Bearer {token}"')
    say(f"Everything above is also in {settings.DATA_DIR / 'run.json'} (links work once, for 10 minutes).")
    say("")


def say(line: str) -> None:
    """Print for the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
