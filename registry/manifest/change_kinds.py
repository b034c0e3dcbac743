"""The closed set of changes that are told apart, and how grave each one is. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Risk(StrEnum):
    """How closely a person should look at a change, least first. Low, medium and high are the words of findings."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_RANK: Final = {risk: rank for rank, risk in enumerate(Risk)}


def gravest(risks: Iterable[Risk]) -> Risk:
    """The highest of them; INFO of none."""
    return max(risks, key=_RANK.__getitem__, default=Risk.INFO)


class Side(StrEnum):
    """What a schema describes: what a caller may send, or what comes back."""

    ARGUMENTS = "arguments"
    RESULTS = "results"


class ChangeKind(StrEnum):
    """What a change is: `thing-happening`. The names are part of the machine form, so none is reused or renamed."""

    ITEM_ADDED = "item-added"
    ITEM_REMOVED = "item-removed"
    ITEM_RENAMED = "item-renamed"
    INSTRUCTIONS_ADDED = "instructions-added"
    INSTRUCTIONS_CHANGED = "instructions-changed"
    NOTICED_ADDED = "noticed-added"
    NOTICED_REMOVED = "noticed-removed"
    DESCRIPTION_CHANGED = "description-changed"
    TITLE_CHANGED = "title-changed"
    TEXT_SPACING_CHANGED = "text-spacing-changed"
    TEXT_ADDRESS_ADDED = "text-address-added"
    TEXT_UNSEEN_ADDED = "text-unseen-added"
    HINT_GRAVER = "hint-graver"
    HINT_MILDER = "hint-milder"
    HINT_IDEMPOTENT_FLIPPED = "hint-idempotent-flipped"
    HINT_UNREADABLE = "hint-unreadable"
    ANNOTATION_CHANGED = "annotation-changed"
    ICON_ORIGIN_ADDED = "icon-origin-added"
    ICONS_CHANGED = "icons-changed"
    META_CHANGED = "meta-changed"
    MEDIA_TYPE_CHANGED = "media-type-changed"
    TEMPLATE_URI_CHANGED = "template-uri-changed"
    SERVER_NAME_CHANGED = "server-name-changed"
    SERVER_VERSION_CHANGED = "server-version-changed"
    CAPABILITIES_CHANGED = "capabilities-changed"
    FIELD_CHANGED = "field-changed"
    ORDER_CHANGED = "order-changed"
    RESTATED = "restated"
    SCHEMA_ADDED = "schema-added"
    SCHEMA_REMOVED = "schema-removed"
    SCHEMA_REPLACED = "schema-replaced"
    PARAMETER_ADDED_REQUIRED = "parameter-added-required"
    PARAMETER_ADDED_OPTIONAL = "parameter-added-optional"
    PARAMETER_REMOVED = "parameter-removed"
    PARAMETER_RENAMED = "parameter-renamed"
    PARAMETER_BECAME_REQUIRED = "parameter-became-required"
    PARAMETER_BECAME_OPTIONAL = "parameter-became-optional"
    REQUIRED_CHANGED = "required-changed"
    URL_PARAMETER = "url-parameter"
    PATH_PARAMETER = "path-parameter"
    COMMAND_PARAMETER = "command-parameter"
    CODE_PARAMETER = "code-parameter"
    CREDENTIAL_PARAMETER = "credential-parameter"
    RECIPIENT_PARAMETER = "recipient-parameter"
    TYPE_WIDENED = "type-widened"
    TYPE_NARROWED = "type-narrowed"
    TYPE_CHANGED = "type-changed"
    ENUM_WIDENED = "enum-widened"
    ENUM_NARROWED = "enum-narrowed"
    BOUND_LOOSENED = "bound-loosened"
    BOUND_TIGHTENED = "bound-tightened"
    BOUND_CHANGED = "bound-changed"
    PATTERN_LOOSENED = "pattern-loosened"
    PATTERN_TIGHTENED = "pattern-tightened"
    PATTERN_CHANGED = "pattern-changed"
    FORMAT_LOOSENED = "format-loosened"
    FORMAT_TIGHTENED = "format-tightened"
    FORMAT_CHANGED = "format-changed"
    PROPERTIES_OPENED = "properties-opened"
    PROPERTIES_CLOSED = "properties-closed"
    ALTERNATIVE_ADDED = "alternative-added"
    ALTERNATIVE_REMOVED = "alternative-removed"
    CONSTRAINT_ADDED = "constraint-added"
    CONSTRAINT_REMOVED = "constraint-removed"
    CONDITION_CHANGED = "condition-changed"
    DEFAULT_CHANGED = "default-changed"
    REFERENCE_CHANGED = "reference-changed"
    REFERENCE_REMOTE = "reference-remote"
    DEFINITION_ADDED = "definition-added"
    DEFINITION_REMOVED = "definition-removed"
    REMARK_CHANGED = "remark-changed"
    KEYWORD_CHANGED = "keyword-changed"
    BEYOND_DEPTH = "beyond-depth"
    MORE_CHANGES = "more-changes"


@dataclass(frozen=True, slots=True)
class Weight:
    """How grave a kind of change is. `results` is for a schema of results, which binds the server and not the caller;
    None where the kind does not occur there. `meaning` is the row of docs/changes-of-servers.md.
    """

    arguments: Risk
    results: Risk | None
    meaning: str

    def on(self, side: Side) -> Risk:
        """The risk on one side."""
        return self.results if side is Side.RESULTS and self.results is not None else self.arguments


_K: Final = ChangeKind
_INFO, _LOW, _MEDIUM, _HIGH = Risk.INFO, Risk.LOW, Risk.MEDIUM, Risk.HIGH

WEIGHTS: Final[Mapping[ChangeKind, Weight]] = {
    _K.ITEM_ADDED: Weight(_MEDIUM, None, "a tool, prompt or template is new"),
    _K.ITEM_REMOVED: Weight(_LOW, None, "a tool, prompt, template or the instructions are gone"),
    _K.ITEM_RENAMED: Weight(_MEDIUM, None, "a new item equals a removed one but for its name"),
    _K.INSTRUCTIONS_ADDED: Weight(_HIGH, None, "the server gives agents instructions, and gave none before"),
    _K.INSTRUCTIONS_CHANGED: Weight(_HIGH, None, "the instructions for agents are worded otherwise"),
    _K.NOTICED_ADDED: Weight(_LOW, None, "a resource, `serverInfo` or a further part of the manifest is new"),
    _K.NOTICED_REMOVED: Weight(_INFO, None, "one of these is gone"),
    _K.DESCRIPTION_CHANGED: Weight(_MEDIUM, _MEDIUM, "a description or comment came, went or is worded otherwise"),
    _K.TITLE_CHANGED: Weight(_LOW, _LOW, "a title, or a name that is only shown, came, went or is worded otherwise"),
    _K.TEXT_SPACING_CHANGED: Weight(_LOW, _LOW, "a text differs in white space alone"),
    _K.TEXT_ADDRESS_ADDED: Weight(_HIGH, _HIGH, "a text names a host or e-mail address that it did not name before"),
    _K.TEXT_UNSEEN_ADDED: Weight(_HIGH, _HIGH, "a text holds more characters that cannot be seen"),
    _K.HINT_GRAVER: Weight(
        _HIGH, None, "`readOnlyHint` fell, or `destructiveHint` or `openWorldHint` rose; an absent hint has its default"
    ),
    _K.HINT_MILDER: Weight(_MEDIUM, None, "the other way round: the server promises more harmlessness than before"),
    _K.HINT_IDEMPOTENT_FLIPPED: Weight(_LOW, None, "`idempotentHint` rose or fell"),
    _K.HINT_UNREADABLE: Weight(_MEDIUM, None, "a hint was or is neither true nor false"),
    _K.ANNOTATION_CHANGED: Weight(_LOW, None, "another annotation (`audience`, `priority`, an unknown one)"),
    _K.ICON_ORIGIN_ADDED: Weight(_MEDIUM, None, "an icon comes from a place that no icon of the item came from before"),
    _K.ICONS_CHANGED: Weight(_LOW, None, "anything else about icons"),
    _K.META_CHANGED: Weight(_LOW, None, "a field of `_meta`"),
    _K.MEDIA_TYPE_CHANGED: Weight(_LOW, None, "`mimeType`"),
    _K.TEMPLATE_URI_CHANGED: Weight(_HIGH, None, "a new template has the name of a removed one, and another URI"),
    _K.SERVER_NAME_CHANGED: Weight(_MEDIUM, None, "the server gives another name for itself"),
    _K.SERVER_VERSION_CHANGED: Weight(_INFO, None, "the server gives another version"),
    _K.CAPABILITIES_CHANGED: Weight(_LOW, None, "what the server says it can do"),
    _K.FIELD_CHANGED: Weight(_MEDIUM, None, "any other field of an item, unknown ones included"),
    _K.ORDER_CHANGED: Weight(_INFO, _INFO, "a list inside an item has the same members in another order"),
    _K.RESTATED: Weight(_INFO, _INFO, "written otherwise with the same meaning"),
    _K.SCHEMA_ADDED: Weight(_LOW, _LOW, "`inputSchema` or `outputSchema` is new"),
    _K.SCHEMA_REMOVED: Weight(_HIGH, _MEDIUM, "`inputSchema` or `outputSchema` is gone: nothing is checked any more"),
    _K.SCHEMA_REPLACED: Weight(_MEDIUM, _LOW, "a schema became, or was, no object (`true`, `false`, something else)"),
    _K.PARAMETER_ADDED_REQUIRED: Weight(_HIGH, _LOW, "a parameter is new and has to be given"),
    _K.PARAMETER_ADDED_OPTIONAL: Weight(_MEDIUM, _LOW, "a parameter is new and may be given"),
    _K.PARAMETER_REMOVED: Weight(_LOW, _LOW, "a parameter is gone"),
    _K.PARAMETER_RENAMED: Weight(_MEDIUM, _LOW, "a parameter is gone and a new one is described alike"),
    _K.PARAMETER_BECAME_REQUIRED: Weight(_MEDIUM, _INFO, "a parameter that could be left out has to be given"),
    _K.PARAMETER_BECAME_OPTIONAL: Weight(_LOW, _LOW, "a parameter that had to be given may be left out"),
    _K.REQUIRED_CHANGED: Weight(_LOW, _LOW, "`required` names something that is not declared, or no longer does"),
    _K.URL_PARAMETER: Weight(_HIGH, None, "a parameter that looks like a URL or host is new, or an old one now does"),
    _K.PATH_PARAMETER: Weight(_HIGH, None, "the same for a file or folder"),
    _K.COMMAND_PARAMETER: Weight(_HIGH, None, "the same for a command"),
    _K.CODE_PARAMETER: Weight(_HIGH, None, "the same for code or SQL"),
    _K.CREDENTIAL_PARAMETER: Weight(_HIGH, None, "the same for a credential"),
    _K.RECIPIENT_PARAMETER: Weight(_HIGH, None, "the same for a recipient"),
    _K.TYPE_WIDENED: Weight(_MEDIUM, _LOW, "`type` admits more types"),
    _K.TYPE_NARROWED: Weight(_LOW, _INFO, "`type` admits fewer types"),
    _K.TYPE_CHANGED: Weight(_MEDIUM, _LOW, "`type` admits others, or cannot be read"),
    _K.ENUM_WIDENED: Weight(_MEDIUM, _LOW, "`enum` or `const` admits values that it did not, or is gone"),
    _K.ENUM_NARROWED: Weight(_LOW, _INFO, "`enum` or `const` admits fewer values, or is new"),
    _K.BOUND_LOOSENED: Weight(_MEDIUM, _LOW, "a range, length, count or `multipleOf` admits more, or is gone"),
    _K.BOUND_TIGHTENED: Weight(_LOW, _INFO, "a range, length, count or `multipleOf` admits less, or is new"),
    _K.BOUND_CHANGED: Weight(_MEDIUM, _LOW, "one of these admits others, or cannot be read"),
    _K.PATTERN_LOOSENED: Weight(_MEDIUM, _LOW, "`pattern` provably admits more, or is gone"),
    _K.PATTERN_TIGHTENED: Weight(_LOW, _INFO, "`pattern` provably admits less, or is new"),
    _K.PATTERN_CHANGED: Weight(_MEDIUM, _LOW, "`pattern` is another one, and neither can be shown"),
    _K.FORMAT_LOOSENED: Weight(_MEDIUM, _LOW, "`format` is gone"),
    _K.FORMAT_TIGHTENED: Weight(_LOW, _INFO, "`format` is new"),
    _K.FORMAT_CHANGED: Weight(_MEDIUM, _LOW, "`format` is another one"),
    _K.PROPERTIES_OPENED: Weight(
        _MEDIUM,
        _LOW,
        "`additionalProperties`, `unevaluatedProperties` or `patternProperties` lets more through",
    ),
    _K.PROPERTIES_CLOSED: Weight(_LOW, _INFO, "one of these lets less through"),
    _K.ALTERNATIVE_ADDED: Weight(_MEDIUM, _LOW, "`anyOf` or `oneOf` has a further alternative"),
    _K.ALTERNATIVE_REMOVED: Weight(_LOW, _INFO, "`anyOf` or `oneOf` has one alternative less"),
    _K.CONSTRAINT_ADDED: Weight(_LOW, _INFO, "another constraint is new (`allOf`, `items`, `not`, `if` and the like)"),
    _K.CONSTRAINT_REMOVED: Weight(_MEDIUM, _LOW, "another constraint is gone"),
    _K.CONDITION_CHANGED: Weight(_MEDIUM, _LOW, "`not`, `if` or a dependency is another one"),
    _K.DEFAULT_CHANGED: Weight(_MEDIUM, _LOW, "`default` came, went or is another one"),
    _K.REFERENCE_CHANGED: Weight(_MEDIUM, _LOW, "`$ref`, `$id` or an anchor came, went or is another one"),
    _K.REFERENCE_REMOTE: Weight(_HIGH, _HIGH, "`$ref` now leads out of the manifest"),
    _K.DEFINITION_ADDED: Weight(_LOW, _INFO, "`$defs` or `definitions` has a further definition"),
    _K.DEFINITION_REMOVED: Weight(_LOW, _INFO, "a definition is gone"),
    _K.REMARK_CHANGED: Weight(_LOW, _LOW, "a remark that nothing checks: `examples`, `deprecated`, `$schema`, `size`"),
    _K.KEYWORD_CHANGED: Weight(_MEDIUM, _LOW, "any other keyword of a schema, unknown ones included"),
    _K.BEYOND_DEPTH: Weight(_MEDIUM, _MEDIUM, "a schema differs deeper than is explained"),
    _K.MORE_CHANGES: Weight(_HIGH, None, "an item differs in so many fields that not each of them is listed"),
}
