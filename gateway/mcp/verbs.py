"""The judged methods (contract 4.1): what each asks to use, and what of it is forwarded. Pure: no Django, no I/O.

Name or URI, arguments, and the agent's answers on a later leg are judged and forwarded; other params are neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gateway.mcp.inbound import INVALID_PARAMS, NAME_CHARACTERS, Message
from gateway.refusal import Malformed
from governance.canonical import strict_json
from governance.canonical.values import JSON
from governance.policy.values import Kind
from registry.mcp.revisions import Era

NO_ARGUMENTS: Final = b"{}"
REFERENCES: Final = {"ref/prompt": (Kind.PROMPT, "name"), "ref/resource": (Kind.RESOURCE, "uri")}
_quoted = msgspec.json.Encoder().encode


class Judged(msgspec.Struct, frozen=True):
    """What one request asks to use. `canonical` is form A of the arguments, `params` the raw params to forward,
    `state` the request state of an earlier leg, `answers` what the agent answered to the server in between.
    """

    kind: Kind
    item: str
    arguments: dict[str, JSON]
    canonical: bytes
    params: bytes
    state: str | None = None
    answers: dict[str, JSON] | None = None


def judged(message: Message) -> Judged | None:
    """What a message asks to use; None for a method that is not judged. Raises Malformed with -32602."""
    read = METHODS.get(message.method or "")
    return None if read is None else read(message)


def _tool(message: Message) -> Judged:
    name = _name(message, "name", "the name of a tool")
    arguments, canonical = _arguments(message)
    params = b'{"name":%s,"arguments":%s}' % (_quoted(name), canonical)
    return Judged(Kind.TOOL, name, arguments, canonical, params, *_later_leg(message))


def _prompt(message: Message) -> Judged:
    name = _name(message, "name", "the name of a prompt")
    arguments, canonical = _arguments(message)
    if not all(isinstance(value, str) for value in arguments.values()):
        raise _wrong("The arguments of a prompt are strings.", message)
    asked = b',"arguments":' + canonical if message.params.get("arguments") is not None else b""
    params = b'{"name":%s%s}' % (_quoted(name), asked)
    return Judged(Kind.PROMPT, name, arguments, canonical, params, *_later_leg(message))


def _resource(message: Message) -> Judged:
    uri = _name(message, "uri", "the URI of a resource")
    params = b'{"uri":%s}' % _quoted(uri)
    return Judged(Kind.RESOURCE, uri, {}, NO_ARGUMENTS, params, *_later_leg(message))


def _completion(message: Message) -> Judged:
    """The argument to complete, and those that are known already, are judged as the item's arguments."""
    ref, argument = message.params.get("ref"), message.params.get("argument")
    if not isinstance(ref, dict) or not isinstance(ref.get("type"), str) or ref["type"] not in REFERENCES:
        raise _wrong("`params.ref` must be a `ref/prompt` or a `ref/resource`.", message)
    if not isinstance(argument, dict):
        raise _wrong("`params.argument` must be an object with `name` and `value`.", message)
    kind, key = REFERENCES[str(ref["type"])]
    item, name, value = ref.get(key), argument.get("name"), argument.get("value")
    if not isinstance(item, str) or not item or len(item) > NAME_CHARACTERS:
        raise _wrong(f"`params.ref.{key}` must name what is completed.", message)
    if not isinstance(name, str) or not isinstance(value, str):
        raise _wrong("`params.argument` needs `name` and `value`, both strings.", message)
    known = _known(message)
    forwarded: dict[str, JSON] = {"ref": {"type": ref["type"], key: item}, "argument": {"name": name, "value": value}}
    if name in known:
        raise _wrong("`params.context.arguments` names the argument that is completed.", message)
    if known:
        forwarded["context"] = {"arguments": known}
    arguments: dict[str, JSON] = {**known, name: value}
    return Judged(kind, item, arguments, strict_json.encode(arguments), strict_json.encode(forwarded))


def _known(message: Message) -> dict[str, JSON]:
    context = message.params.get("context", {})
    known = context.get("arguments", {}) if isinstance(context, dict) else None
    if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
        raise _wrong("`params.context.arguments` must be an object of strings.", message)
    return known


METHODS: Final[Mapping[str, Callable[[Message], Judged]]] = {
    "tools/call": _tool,
    "prompts/get": _prompt,
    "resources/read": _resource,
    "resources/subscribe": _resource,
    "resources/unsubscribe": _resource,
    "completion/complete": _completion,
}
ASKED_FOR: Final = frozenset({"tools/call", "prompts/get", "resources/read"})
"""The methods that a server of the stateless era may answer with a question."""
SESSION_ERA_ONLY: Final = frozenset({"resources/subscribe", "resources/unsubscribe"})


def _name(message: Message, key: str, what: str) -> str:
    name = message.params.get(key)
    if not isinstance(name, str) or not name:
        raise _wrong(f"`params.{key}` must be {what}.", message)
    if len(name) > NAME_CHARACTERS:
        raise _wrong(f"`params.{key}` is longer than {NAME_CHARACTERS} characters.", message)
    return name


def _arguments(message: Message) -> tuple[dict[str, JSON], bytes]:
    arguments = message.params.get("arguments")
    if arguments is None:
        return {}, NO_ARGUMENTS
    if not isinstance(arguments, dict):
        raise _wrong("`params.arguments` must be an object.", message)
    return arguments, strict_json.encode(arguments)


def _later_leg(message: Message) -> tuple[str | None, dict[str, JSON] | None]:
    params = message.params
    if "requestState" not in params and "inputResponses" not in params:
        return None, None
    state, answers = params.get("requestState"), params.get("inputResponses")
    if state is not None and not isinstance(state, str):
        raise _wrong("`params.requestState` must be a string.", message)
    if answers is not None and not isinstance(answers, dict):
        raise _wrong("`params.inputResponses` must be an object.", message)
    return state, answers


def _wrong(reason: str, message: Message) -> Malformed:
    return Malformed(reason, code=INVALID_PARAMS, http=400 if message.era is Era.MODERN else 200)
