"""What the everything server offers, as it stands on the wire: tools, resources, templates, prompts, and media."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib
from typing import Any

NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS: dict[str, Any] = {
    "$anchor": "addressDef",
    "type": "object",
    "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
}
EVERY_KEYWORD: dict[str, Any] = {
    "$schema": DIALECT,
    "type": "object",
    "$defs": {"address": ADDRESS},
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
IN_HEADERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "description": "Where to look", "x-mcp-header": "Region"},
        "priority": {"type": "integer", "description": "How urgent it is", "x-mcp-header": "Priority"},
        "verbose": {"type": "boolean", "description": "Whether to say more", "x-mcp-header": "Verbose"},
        "note": {"type": "string", "description": "A parameter that no header repeats"},
    },
    "required": ["region"],
}
ONE_NAME: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ONE_COLOR: dict[str, Any] = {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}
ONE_CONTEXT: dict[str, Any] = {"type": "object", "properties": {"context": {"type": "string"}}, "required": ["context"]}
CONFIRMED: dict[str, Any] = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
WHO: dict[str, Any] = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "The person's name"},
        "email": {"type": "string", "description": "The person's address"},
    },
    "required": ["username", "email"],
}
DEFAULTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}


def _titled(*titles: str) -> list[dict[str, str]]:
    return [{"const": f"value{number}", "title": title} for number, title in enumerate(titles, 1)]


CHOICES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": _titled("First", "Second", "Third")},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": _titled("First", "Second", "Third")}},
    },
}


def _one_text(name: str, description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": description}},
        "required": [name],
    }


# The first one is called without arguments by checks that take whatever tool comes first.
TOOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "test_simple_text": ("Return a line of text.", NOTHING),
    "test_image_content": ("Return a small image.", NOTHING),
    "test_audio_content": ("Return a short sound.", NOTHING),
    "test_embedded_resource": ("Return a resource inside a result.", NOTHING),
    "test_multiple_content_types": ("Return text, an image and a resource.", NOTHING),
    "test_tool_with_logging": ("Log three lines while working.", NOTHING),
    "test_logging_tool": ("Log one line.", NOTHING),
    "test_tool_with_progress": ("Report progress three times.", NOTHING),
    "test_sampling": ("Ask the client's model.", _one_text("prompt", "What to ask the model")),
    "test_elicitation": ("Ask the person.", _one_text("message", "What to ask the person")),
    "test_elicitation_sep1034_defaults": ("Ask with a default for every primitive type.", NOTHING),
    "test_elicitation_sep1330_enums": ("Ask with every form of a choice.", NOTHING),
    "test_streaming_elicitation": ("Report progress, then ask the person.", NOTHING),
    "test_error_handling": ("Fail.", NOTHING),
    "test_x_mcp_header": ("Take parameters that headers repeat.", IN_HEADERS),
    "test_missing_capability": ("Need a client that offers sampling.", NOTHING),
    "test_input_required_result_elicitation": ("Ask for a name.", NOTHING),
    "test_input_required_result_sampling": ("Ask the client's model for a capital.", NOTHING),
    "test_input_required_result_list_roots": ("Ask for the client's roots.", NOTHING),
    "test_input_required_result_request_state": ("Ask, and keep state with the client.", NOTHING),
    "test_input_required_result_multiple_inputs": ("Ask the person, the model and for the roots at once.", NOTHING),
    "test_input_required_result_multi_round": ("Ask twice, one question after the other.", NOTHING),
    "test_input_required_result_tampered_state": ("Ask, and refuse a state that was changed.", NOTHING),
    "test_input_required_result_capabilities": ("Ask for whatever the client offers.", NOTHING),
    "json_schema_2020_12_tool": ("Take arguments described with the keywords of JSON Schema 2020-12.", EVERY_KEYWORD),
    "test_reconnection": ("Close the response stream in the middle of a call.", NOTHING),
    "test_trigger_tool_change": ("Say that the tools changed.", NOTHING),
    "test_trigger_prompt_change": ("Say that the prompts changed.", NOTHING),
    "test_trigger_resource_change": ("Say that the watched resource changed.", NOTHING),
}
STATIC_TEXT, STATIC_BINARY, WATCHED = "test://static-text", "test://static-binary", "test://watched-resource"
RESOURCES: list[dict[str, Any]] = [
    {"uri": STATIC_TEXT, "name": "Static text", "description": "A line of text", "mimeType": "text/plain"},
    {"uri": STATIC_BINARY, "name": "Static binary", "description": "A small image", "mimeType": "image/png"},
    {"uri": WATCHED, "name": "Watched resource", "description": "May be subscribed to", "mimeType": "text/plain"},
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "uriTemplate": "test://template/{id}/data",
        "name": "Data by id",
        "description": "The data that belong to an id",
        "mimeType": "application/json",
    }
]


def _required(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "description": description, "required": True}


PROMPTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "test_simple_prompt": ("One message.", []),
    "test_prompt_with_arguments": (
        "One message that repeats two arguments.",
        [_required("arg1", "The first argument"), _required("arg2", "The second argument")],
    ),
    "test_prompt_with_embedded_resource": (
        "A resource and a message about it.",
        [_required("resourceUri", "The address of the resource")],
    ),
    "test_prompt_with_image": ("An image and a message about it.", []),
    "test_input_required_result_prompt": ("Ask for context first.", []),
}
COMPLETIONS = {"arg1": ["paris", "park", "party", "test"], "arg2": ["world", "wood"], "id": ["1", "12", "123"]}


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _wav() -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 8)
    return sound.getvalue()


PNG = base64.b64encode(_png()).decode()
WAV = base64.b64encode(_wav()).decode()
IMAGE = {"type": "image", "data": PNG, "mimeType": "image/png"}
AUDIO = {"type": "audio", "data": WAV, "mimeType": "audio/wav"}


def text(said: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": said}


def embedded(uri: str, said: str, kind: str = "text/plain") -> dict[str, Any]:
    """A block that embeds a resource."""
    return {"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": said}}
