"""Questions in a session: each is answered once, by its own number, and never for ever open."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway import live
from gateway.live import LiveSession, LiveSessions
from gateway.mcp.outbound import MAX_ASKED
from gateway.ports import NobodyAnswers
from registry.transports.base import Answer


def asking(session: LiveSession, put: list[bytes]) -> asyncio.Task[Answer]:
    """A question under way."""
    return asyncio.ensure_future(session.ask(put.append, "roots/list", b"{}"))


def number(event: bytes) -> bytes:
    """The id of a question that was put."""
    message: dict[str, Any] = json.loads(event.split(b"data: ")[1])
    assert message["method"] == "roots/list"
    return json.dumps(message["id"]).encode()


async def test_each_question_gets_its_own_answer() -> None:
    """In any order."""
    session, put = LiveSession(), []
    first, second = asking(session, put), asking(session, put)
    await asyncio.sleep(0)
    session.answered(number(put[1]), Answer(result=b"2"))
    session.answered(number(put[0]), Answer(result=b"1"))
    assert [(await first).result, (await second).result] == [b"1", b"2"]
    assert session.idle


async def test_a_second_answer_and_a_stray_one_change_nothing() -> None:
    """An agent that answers twice, late, or what nobody asked."""
    session, put = LiveSession(), []
    question = asking(session, put)
    await asyncio.sleep(0)
    for stray in (b"1", b'"gatehouse-2"', b'"gatehouse-1 "', b"null"):
        session.answered(stray, Answer(result=b'"stray"'))
    session.answered(number(put[0]), Answer(result=b'"first"'))
    session.answered(number(put[0]), Answer(result=b'"second"'))
    assert (await question).result == b'"first"'
    session.answered(number(put[0]), Answer(result=b'"late"'))


async def test_a_question_that_is_given_up_leaves_nothing() -> None:
    """The task that asked was cancelled."""
    session, put = LiveSession(), []
    question = asking(session, put)
    await asyncio.sleep(0)
    assert not session.idle
    question.cancel()
    await asyncio.wait({question})
    assert session.idle


async def test_there_are_only_so_many_questions_at_once() -> None:
    """At the limit and past it."""
    session, put = LiveSession(), []
    open_ones = [asking(session, put) for _ in range(MAX_ASKED)]
    await asyncio.sleep(0)
    with pytest.raises(NobodyAnswers, match="too many"):
        await session.ask(put.append, "roots/list", b"{}")
    assert len(put) == MAX_ASKED
    for question in open_ones:
        question.cancel()
    await asyncio.wait(open_ones)


async def test_the_end_of_a_session_ends_its_questions() -> None:
    """DELETE in the middle of a question."""
    sessions, put = LiveSessions(), []
    question = asking(sessions.of("s"), put)
    await asyncio.sleep(0)
    sessions.end("s")
    with pytest.raises(NobodyAnswers, match="ended"):
        await question
    sessions.end("s")
    assert sessions.of("s").idle


async def test_what_is_idle_is_forgotten_and_the_rest_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the number that is kept, whoever has a stream, a level or a watched resource stays."""
    monkeypatch.setattr(live, "KEPT", 4)
    sessions = LiveSessions()
    sessions.of("streams").streams = 1
    sessions.of("level").level = "error"
    sessions.of("uris").uris.add("x:y")
    for count in range(10):
        sessions.of(f"idle-{count}")
    assert sessions.of("streams").streams == 1 and sessions.of("level").level == "error"
    assert sessions.of("uris").uris == {"x:y"}


def test_levels_are_compared_by_severity() -> None:
    """Without a level all are wanted; one that nobody knows is severe."""
    session = LiveSession()
    assert session.wants("debug") and session.wants("")
    session.level = "warning"
    assert [level for level in live.LEVELS if session.wants(level)] == [
        "warning", "error", "critical", "alert", "emergency",
    ]  # fmt: skip
    assert session.wants("unheard-of")
