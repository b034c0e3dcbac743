"""The tools of the everything server, and how it asks its client in both eras."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, PromptsListChanged, ResourceUpdated, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata

from tests.conformance import offer
from tests.conformance.offer import AUDIO, IMAGE, embedded, text

STATELESS = "2026-07-28"
BEGUN = "everything.begun"  # In the scope of an HTTP request: the event that the first bytes of its answer set.

Context = ServerRequestContext[Any, Any]
Tool = Callable[[Context, types.CallToolRequestParams], Awaitable[types.CallToolResult]]

bus = InMemorySubscriptionBus()
watching: set[str] = set()


# Asking the client.


class NeedsInput(Exception):
    """Ends a leg of the stateless era with a result that requires input."""

    def __init__(self, asked: dict[str, types.InputRequest], state: str | None) -> None:
        super().__init__(*asked)
        self.result = types.InputRequiredResult(input_requests=asked, request_state=state)


def elicitation(message: str, schema: dict[str, Any]) -> types.ElicitRequest:
    """A form for the person."""
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(prompt: str, tokens: int = 100) -> types.CreateMessageRequest:
    """A question to the client's model."""
    said = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=prompt))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[said], max_tokens=tokens))


def roots() -> types.ListRootsRequest:
    """A question for the client's roots."""
    return types.ListRootsRequest(params=types.RequestParams())


ANSWERS: dict[str, type[types.Result]] = {
    "elicitation/create": types.ElicitResult,
    "sampling/createMessage": types.CreateMessageResult,
    "roots/list": types.ListRootsResult,
}


async def ask(
    ctx: Context,
    params: types.InputResponseRequestParams,
    asked: dict[str, types.InputRequest],
    state: str | None = None,
) -> dict[str, Any]:
    """The client's answers by key; in the stateless era a leg that brings not all of them ends with NeedsInput."""
    if ctx.protocol_version == STATELESS:
        given = params.input_responses or {}
        if any(not isinstance(given.get(key), ANSWERS[each.method]) for key, each in asked.items()):
            raise NeedsInput(asked, state)
        return {key: given[key] for key in asked}
    within = ServerMessageMetadata(related_request_id=ctx.request_id)
    return {
        key: await ctx.session.send_request(cast(Any, each), ANSWERS[each.method], metadata=within)
        for key, each in asked.items()
    }


def offers(ctx: Context, capability: str) -> bool:
    """Whether the client declared `elicitation`, `sampling` or `roots`."""
    return getattr(ctx.session.client_capabilities, capability, None) is not None


def result(*content: dict[str, Any], failed: bool = False) -> types.CallToolResult:
    """A complete result."""
    return types.CallToolResult.model_validate({"content": list(content), "isError": failed})


def answered(answer: Any) -> types.CallToolResult:
    """A result that repeats what a person answered."""
    return result(text(f"Elicitation completed: action={answer.action}, content={json.dumps(answer.content)}"))


# Tools.


async def log(ctx: Context, said: str) -> None:
    """A log line on the stream of this request."""
    await ctx.session.send_log_message("info", said, logger="everything", related_request_id=ctx.request_id)


async def with_logging(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Three log lines."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await log(ctx, line)
    return result(text("Logged three lines"))


async def with_one_line(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """One log line."""
    await log(ctx, "A line that only who asked for it may see")
    return result(text("Logged one line"))


async def with_progress(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """0, 50 and 100 of 100."""
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"{done} of 100")
    return result(text("Reported progress"))


async def with_sampling(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """One question to the client's model."""
    answers = await ask(ctx, params, {"completion": sampling(str((params.arguments or {})["prompt"]))})
    return result(text(f"LLM response: {getattr(answers['completion'].content, 'text', '')}"))


async def with_elicitation(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """One form for the person."""
    answers = await ask(ctx, params, {"who": elicitation(str((params.arguments or {})["message"]), offer.WHO)})
    return answered(answers["who"])


def form(message: str, schema: dict[str, Any], *, progress: bool = False) -> Tool:
    """A tool that asks for one form."""

    async def act(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if progress:
            await ctx.session.report_progress(0, 1, "about to ask")
        return answered((await ask(ctx, params, {"form": elicitation(message, schema)}))["form"])

    return act


async def needs_sampling(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Refuses a client without sampling before anything is done."""
    if not offers(ctx, "sampling"):
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs a client that offers sampling",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return result(text("The client offers sampling"))


async def greet(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Asks for a name."""
    answer = (await ask(ctx, params, {"user_name": elicitation("What is your name?", offer.ONE_NAME)}))["user_name"]
    return result(text(f"Hello, {(answer.content or {}).get('name', answer.action)}!"))


async def capital(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Asks the model."""
    answers = await ask(ctx, params, {"capital_question": sampling("What is the capital of France?")})
    return result(text(str(getattr(answers["capital_question"].content, "text", ""))))


async def name_roots(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Asks for the roots."""
    answers = await ask(ctx, params, {"client_roots": roots()})
    return result(text(", ".join(str(root.uri) for root in answers["client_roots"].roots)))


def confirming(state: str) -> Tool:
    """A tool that takes its answer only together with the state it gave away."""

    async def act(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        asked: dict[str, types.InputRequest] = {"confirm": elicitation("Please confirm", offer.CONFIRMED)}
        answer = (await ask(ctx, params, asked, state))["confirm"]
        if ctx.protocol_version == STATELESS and params.request_state != state:
            raise NeedsInput(asked, state)
        return result(text(f"{state}: {answer.action}"))

    return act


async def three_at_once(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Asks the person, the model and for the roots in one leg."""
    asked: dict[str, types.InputRequest] = {
        "user_name": elicitation("What is your name?", offer.ONE_NAME),
        "greeting": sampling("Say hello", 50),
        "client_roots": roots(),
    }
    answers = await ask(ctx, params, asked, "three questions")
    return result(text(f"Got {', '.join(sorted(answers))}"))


async def two_rounds(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Asks for a name, then for a colour; the name stays in the state meanwhile."""
    known = json.loads(params.request_state) if params.request_state else {"round": 1}
    if known["round"] == 1:
        asked = {"step1": cast(types.InputRequest, elicitation("Step 1: what is your name?", offer.ONE_NAME))}
        answer = (await ask(ctx, params, asked, json.dumps(known)))["step1"]
        known = {"round": 2, "name": (answer.content or {}).get("name")}
    color = {"step2": cast(types.InputRequest, elicitation("Step 2: what colour do you like?", offer.ONE_COLOR))}
    answer = (await ask(ctx, params, color, json.dumps(known)))["step2"]
    return result(text(f"{known['name']} likes {(answer.content or {}).get('color')}"))


async def whatever_is_offered(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Asks only for what the client declared."""
    able: dict[str, types.InputRequest] = {
        "elicitation": elicitation("What is your name?", offer.ONE_NAME),
        "sampling": sampling("Say hello", 50),
        "roots": roots(),
    }
    asked = {capability: each for capability, each in able.items() if offers(ctx, capability)}
    answers = await ask(ctx, params, asked) if asked else {}
    return result(text(f"Got {', '.join(sorted(answers)) or 'nothing'}"))


async def reconnecting(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Closes the stream where the transport can take it up again, and answers into what is kept for that."""
    if ctx.close_sse_stream is not None:
        # Without the event that begins the stream a client would not know where to take it up.
        await ctx.request.scope[BEGUN].wait()
        await ctx.close_sse_stream()
    return result(text("Answered after the stream was closed"))


async def tools_changed(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Says so to both eras."""
    await bus.publish(ToolsListChanged())
    if ctx.protocol_version != STATELESS:
        await ctx.session.send_tool_list_changed()
    return result(text("Said that the tools changed"))


async def prompts_changed(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Says so to both eras."""
    await bus.publish(PromptsListChanged())
    if ctx.protocol_version != STATELESS:
        await ctx.session.send_prompt_list_changed()
    return result(text("Said that the prompts changed"))


async def resource_changed(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Says so to whoever listens, and in the session era to who calls, if it subscribed."""
    await bus.publish(ResourceUpdated(uri=offer.WATCHED))
    if ctx.protocol_version != STATELESS and offer.WATCHED in watching:
        await ctx.session.send_resource_updated(offer.WATCHED)
    return result(text("Said that the watched resource changed"))


def fixed(*content: dict[str, Any], failed: bool = False) -> Tool:
    """A tool that always answers the same."""

    async def act(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        return result(*content, failed=failed)

    return act


async def repeat(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Its arguments, as it received them."""
    return result(text(json.dumps(params.arguments or {}, sort_keys=True)))


ACTS: dict[str, Tool] = {
    "test_simple_text": fixed(text("This is a simple text response for testing.")),
    "test_image_content": fixed(IMAGE),
    "test_audio_content": fixed(AUDIO),
    "test_embedded_resource": fixed(embedded("test://embedded-resource", "This is an embedded resource content.")),
    "test_multiple_content_types": fixed(
        text("Three kinds of content:"),
        IMAGE,
        embedded("test://mixed-content-resource", '{"test": "data", "value": 123}', "application/json"),
    ),
    "test_tool_with_logging": with_logging,
    "test_logging_tool": with_one_line,
    "test_tool_with_progress": with_progress,
    "test_sampling": with_sampling,
    "test_elicitation": with_elicitation,
    "test_elicitation_sep1034_defaults": form("Please check the defaults", offer.DEFAULTS),
    "test_elicitation_sep1330_enums": form("Please choose", offer.CHOICES),
    "test_streaming_elicitation": form("Please confirm", offer.CONFIRMED, progress=True),
    "test_error_handling": fixed(text("This tool intentionally returns an error for testing"), failed=True),
    "test_x_mcp_header": repeat,
    "test_missing_capability": needs_sampling,
    "test_input_required_result_elicitation": greet,
    "test_input_required_result_sampling": capital,
    "test_input_required_result_list_roots": name_roots,
    "test_input_required_result_request_state": confirming("state-ok"),
    "test_input_required_result_multiple_inputs": three_at_once,
    "test_input_required_result_multi_round": two_rounds,
    "test_input_required_result_tampered_state": confirming("untouched"),
    "test_input_required_result_capabilities": whatever_is_offered,
    "json_schema_2020_12_tool": repeat,
    "test_reconnection": reconnecting,
    "test_trigger_tool_change": tools_changed,
    "test_trigger_prompt_change": prompts_changed,
    "test_trigger_resource_change": resource_changed,
}
