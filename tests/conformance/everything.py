"""A server of both eras that offers everything: `python everything.py [--port N | --stdio]`.

Over Streamable HTTP it prints its port and serves `/mcp` on loopback, refusing foreign hosts and origins. What it needs
from the client it asks for in the way of the era: by a request of its own, or by a result that requires input.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance import offer  # noqa: E402  The path above comes first.
from tests.conformance.everything_tools import (  # noqa: E402
    ACTS,
    BEGUN,
    STATELESS,
    Context,
    NeedsInput,
    ask,
    bus,
    elicitation,
    result,
    watching,
)
from tests.conformance.offer import IMAGE, embedded, text  # noqa: E402

# Half of what is offered here belongs to the session era, which is the purpose.
warnings.simplefilter("ignore", MCPDeprecationWarning)
# Foreign hosts and changed states are part of what is tried.
logging.getLogger("mcp").setLevel(logging.CRITICAL)

NAME = "everything"
NOT_FOUND_IN_SESSIONS = -32002
RECONNECT_AFTER_MS = 100
BY_TEMPLATE = re.compile(r"test://template/([^/]+)/data")


class Events(EventStore):
    """Every event of every stream of the session era, kept for a client that reconnects."""

    def __init__(self) -> None:
        self._kept: list[tuple[StreamId, types.JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: StreamId, message: types.JSONRPCMessage | None) -> EventId:
        """Keep one; its id is its place."""
        self._kept.append((stream_id, message))
        return str(len(self._kept))

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        """Send what came after an event in its stream."""
        place = int(last_event_id)
        if not 0 < place <= len(self._kept):
            return None
        stream = self._kept[place - 1][0]
        for number, (owner, message) in enumerate(self._kept[place:], place + 1):
            if owner == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


class TellsWhenBegun:
    """ASGI: an event in each scope that is set when the first bytes of the answer's body have left."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything on."""
        begun = scope[BEGUN] = anyio.Event()

        async def sending(message: Any) -> None:
            await send(message)
            if message.get("body"):
                begun.set()

        await self._app(scope, receive, sending)


class Everything(Server[Any]):
    """The server; it tells the session era too that its lists may change."""

    def create_initialization_options(self, *_: Any, **__: Any) -> InitializationOptions:
        """What `initialize` answers."""
        changing = NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        return super().create_initialization_options(changing)


async def list_tools(ctx: Context, params: Any) -> types.ListToolsResult:
    """All tools, in the order in which they are written down."""
    listed = [{"name": name, "description": said, "inputSchema": takes} for name, (said, takes) in offer.TOOLS.items()]
    return types.ListToolsResult.model_validate({"tools": listed})


async def call_tool(
    ctx: Context, params: types.CallToolRequestParams
) -> types.CallToolResult | types.InputRequiredResult:
    """One call, or one leg of it."""
    if (act := ACTS.get(params.name)) is None:
        return result(text(f"Unknown tool: {params.name}"), failed=True)
    try:
        return await act(ctx, params)
    except NeedsInput as needs:
        return needs.result


async def list_resources(ctx: Context, params: Any) -> types.ListResourcesResult:
    """The single resources."""
    return types.ListResourcesResult.model_validate({"resources": offer.RESOURCES})


async def list_templates(ctx: Context, params: Any) -> types.ListResourceTemplatesResult:
    """The one template."""
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": offer.TEMPLATES})


async def read_resource(ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    """A single resource, or one that the template describes."""
    plain = {
        offer.STATIC_TEXT: {"mimeType": "text/plain", "text": "This is the content of the static text resource."},
        offer.STATIC_BINARY: {"mimeType": "image/png", "blob": offer.PNG},
        offer.WATCHED: {"mimeType": "text/plain", "text": "This is the content of the watched resource."},
    }
    found: dict[str, Any] | None = plain.get(params.uri)
    if by_id := BY_TEMPLATE.fullmatch(params.uri):
        data = {"id": by_id[1], "templateTest": True, "data": f"Data for ID: {by_id[1]}"}
        found = {"mimeType": "application/json", "text": json.dumps(data)}
    if found is None:
        code = types.INVALID_PARAMS if ctx.protocol_version == STATELESS else NOT_FOUND_IN_SESSIONS
        raise MCPError(code, "Resource not found", {"uri": params.uri})
    return types.ReadResourceResult.model_validate({"contents": [{"uri": params.uri, **found}]})


async def subscribe(ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
    """Begin to watch a resource."""
    watching.add(str(params.uri))
    return types.EmptyResult()


async def unsubscribe(ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
    """Stop watching it."""
    watching.discard(str(params.uri))
    return types.EmptyResult()


async def list_prompts(ctx: Context, params: Any) -> types.ListPromptsResult:
    """All prompts."""
    listed = [{"name": name, "description": said, "arguments": takes} for name, (said, takes) in offer.PROMPTS.items()]
    return types.ListPromptsResult.model_validate({"prompts": listed})


async def get_prompt(
    ctx: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult | types.InputRequiredResult:
    """The messages of one prompt."""
    if params.name not in offer.PROMPTS:
        raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
    given = params.arguments or {}
    missing = [each["name"] for each in offer.PROMPTS[params.name][1] if each["name"] not in given]
    if missing:
        raise MCPError(types.INVALID_PARAMS, f"Missing arguments: {', '.join(missing)}")
    said: list[dict[str, Any]] = []
    if params.name == "test_simple_prompt":
        said = [text("This is a simple prompt for testing.")]
    elif params.name == "test_prompt_with_arguments":
        said = [text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
    elif params.name == "test_prompt_with_embedded_resource":
        resource = embedded(given["resourceUri"], "Embedded resource content for testing.")
        said = [resource, text("Please process the embedded resource above.")]
    elif params.name == "test_prompt_with_image":
        said = [IMAGE, text("Please analyze the image above.")]
    else:
        question = elicitation("What context should the prompt use?", offer.ONE_CONTEXT)
        try:
            answer = (await ask(ctx, params, {"user_context": question}))["user_context"]
        except NeedsInput as needs:
            return needs.result
        said = [text(f"Context: {(answer.content or {}).get('context', answer.action)}")]
    return types.GetPromptResult.model_validate({"messages": [{"role": "user", "content": each} for each in said]})


async def complete(ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    """What an argument's beginning may become."""
    known = offer.COMPLETIONS.get(params.argument.name, [])
    values = [value for value in known if value.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def set_level(ctx: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
    """Accepted; every line logged here is of the level `info`, which the checks ask for."""
    return types.EmptyResult()


def made() -> Everything:
    """The server with everything wired."""
    server = Everything(
        NAME,
        version="1",
        instructions="Everything that the protocol knows, for testing.",
        get_tool_input_schema=lambda name: offer.TOOLS[name][1] if name in offer.TOOLS else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=subscribe,
        on_unsubscribe_resource=unsubscribe,
        on_subscriptions_listen=ListenHandler(bus),
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=set_level,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


async def over_stdio(server: Everything) -> None:
    """Serve one client on standard streams."""
    async with stdio_server() as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stdio", action="store_true", help="serve one client on standard streams")
    parser.add_argument("--port", type=int, default=0, help="a port of loopback; 0 takes a free one")
    asked = parser.parse_args()
    server = made()
    if asked.stdio:
        anyio.run(over_stdio, server)
        return
    listener = socket.create_server(("127.0.0.1", asked.port))
    print(listener.getsockname()[1], flush=True)
    app = server.streamable_http_app(event_store=Events(), retry_interval=RECONNECT_AFTER_MS)
    # The other parser leaves white space at the end of a header's value.
    uvicorn.Server(uvicorn.Config(TellsWhenBegun(app), http="h11", log_level="critical")).run(sockets=[listener])


if __name__ == "__main__":
    main()
