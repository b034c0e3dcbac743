"""Live the demo's story through the real front door: calls that are allowed, denied, redacted, and one that waits."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import uvicorn
from asgiref.sync import sync_to_async
from django.conf import settings

from gateway.demo import seed, setting
from gateway.serving import until_ready
from governance.egress.ports import ANY
from governance.models import Escalation
from registry.transports.base import UpstreamError
from registry.transports.http import HttpUpstream

DECISION = "io.gatehouse/decision"
LOOKS_AGAIN = 0.2
ASKS_AGAIN = 60.0


async def tell(server: uvicorn.Server, *, port: int, seeded: bool) -> None:
    """Print the links, make the calls once, and keep one call waiting until somebody decides it."""
    run = await sync_to_async(seed.write_run_file, thread_sensitive=False)()
    await until_ready(server)
    welcome(run)
    token = run["agents"].get(setting.AGENT)
    if token is None or "git" not in {row["name"] for row in setting.servers(setting.programs())}:
        say("The story is not told: it needs git and the servers of .venv-demo (make run installs them).")
        return
    git = HttpUpstream(
        f"http://127.0.0.1:{port}/mcp/git",
        headers={"Authorization": f"Bearer {token}"},
        allow_private=True,
        ports=ANY,  # It is where this very process listens.
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
    """Ask for a branch; ask again whenever that ended without a decision; end once somebody decided."""
    repository = str(setting.workspace() / "repository")
    told = False
    while True:
        asking = asyncio.ensure_future(_call(git, "git_create_branch", repo_path=repository, branch_name="release-1"))
        try:
            told = told or await _tell_what_waits(asking)
            decision = await asking
        finally:
            asking.cancel()
        if said := ending(decision, told=told):
            say(said)
            return
        if decision["status"] not in ("waiting", "expired"):
            await asyncio.sleep(ASKS_AGAIN)


def ending(decision: Mapping[str, Any], *, told: bool) -> str:
    """What to say of how the call ended; empty where nobody decided, so that it is asked again.

    `told` is whether it was said to wait.
    """
    status, reason = decision.get("status", "ok"), decision.get("reason", "")
    if status == "ok":
        return "The waiting call has ended: it was approved, and passed on to the git server."
    if status != "denied":
        return ""
    if told:
        return f"The waiting call has ended: {reason or 'it was denied'}."
    return "No call waits: the live policy is not the demo's, and it does not ask a person about new branches."


async def _tell_what_waits(asking: asyncio.Future[dict[str, Any]]) -> bool:
    """Say that a call waits once one does; False where the call ended instead."""
    while not asking.done():
        if await sync_to_async(_is_waiting, thread_sensitive=False)():
            say("1 call is waiting for you: sign in as approver@example.com and open the inbox.")
            return True
        await asyncio.sleep(LOOKS_AGAIN)
    return False


def _is_waiting() -> bool:
    return Escalation.objects.waiting().filter(agent=setting.AGENT, item="git_create_branch", detached=False).exists()


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
    say(f"Connect Claude Code:  claude mcp add --transport http git {run['mcp']}/git \\")
    say(f'                        --header "Authorization: Bearer {token}"')
    say(f"Everything above is also in {settings.DATA_DIR / 'run.json'} (links work once, for 10 minutes).")
    say("")


def say(line: str) -> None:
    """Print for the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
