"""What a server says without being answered: whose notice it is, and how it is passed on. No Django, no I/O."""

from __future__ import annotations

from typing import Final

import msgspec

from registry.mcp import jsonrpc
from registry.transports.base import EMPTY_OBJECT, OnConfirmed, OnEvent
from registry.transports.envelope import SUBSCRIPTION, own_token
from registry.transports.handshake import PROGRESS
from registry.transports.options import Options

ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"
SUBSCRIBED: Final = frozenset(
    (
        "notifications/tools/list_changed",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
    )
)
"""What a server of the modern era says under a subscription alone."""


def tell_request(said: jsonrpc.Notification, number: bytes, options: Options) -> bool:
    """Pass on what was said to one request with raw id `number`, progress under its caller's own token.

    False when it was dropped: nobody listens, or its progress token is not ours.
    """
    if options.on_event is None:
        return False
    params = said.params
    if said.method == PROGRESS:
        if options.progress_token is None or jsonrpc.progress_token(params) != own_token(number):
            return False
        try:
            params = jsonrpc.with_progress_token(params, options.progress_token)
        except (msgspec.DecodeError, RecursionError):
            return False
    options.on_event(said.method, params)
    return True


def tell_subscriber(said: jsonrpc.Notification, on_event: OnEvent, on_confirmed: OnConfirmed | None) -> None:
    """Pass on what was said under a subscription of ours, without its id; the acknowledgement is what confirms it."""
    if said.method != ACKNOWLEDGED:
        on_event(said.method, jsonrpc.without_meta_member(said.params, SUBSCRIPTION))
    elif on_confirmed is not None:
        on_confirmed(jsonrpc.member(said.params, "notifications") or EMPTY_OBJECT)
