"""The rules of the pack: how bad each is, why it matters, what to do. Data alone. Pure: no Django, no I/O.

`docs/findings.md` shows these rows; a test compares them.
"""

from __future__ import annotations

from typing import Final

from governance.inspection.finding import Severity
from registry.scan.finding import Rule

_REFUSE: Final = "Refuse the item and ask the owner of the server where the text comes from."
_REMOVE: Final = "Have the text removed at the source; approve only what remains."
_COMPARE: Final = "Compare with the server's documentation; approve when the tool cannot do without it."
_PLAIN: Final = "Ask for plain text; what needs to be hidden does not belong in a manifest."
_RENAME: Final = "Have it renamed, or approve it only where the other one is not used."


def _critical(name: str, why: str, action: str = _REFUSE) -> Rule:
    return Rule(name, Severity.CRITICAL, why, action)


def _high(name: str, why: str, action: str = _REFUSE) -> Rule:
    return Rule(name, Severity.HIGH, why, action)


def _medium(name: str, why: str, action: str = _COMPARE) -> Rule:
    return Rule(name, Severity.MEDIUM, why, action)


def _low(name: str, why: str, action: str = _COMPARE) -> Rule:
    return Rule(name, Severity.LOW, why, action)


_SPOKEN: Final = (
    _critical(
        "instructions-overridden", "It tells the model to set other instructions, or what the user asked, aside."
    ),
    _critical("secrets-taken", "It has the model read secrets, keys or private files, or hand them on."),
    _critical("concealed-instruction", "Text that was hidden turns out to tell the model what to do."),
    _high("hidden-from-user", "It wants something to happen, or to be known, behind the user's back."),
    _high(
        "consent-bypassed",
        "It tells the model not to ask where a person should decide, or claims that somebody has agreed.",
    ),
    _high("persona-changed", "It gives the model another role, without its limits."),
    _high(
        "conversation-taken",
        "It has the model hand on the conversation, its instructions or what other tools answered.",
    ),
    _high("other-tools-controlled", "It says how tools that are not its own are to be used, or that they must not be."),
    _high("always-called", "It wants to be called with everything, or before anything else."),
    _high("self-preferred", "It wants to be chosen over other tools whatever the task is."),
    _high("lasting-instruction", "It wants to hold beyond the call: in memory, in rules, in later conversations."),
    _high("answer-steered", "It decides what the user is told, shown, or talked into."),
    _high("results-falsified", "It has the model tell what is not so."),
    _high("command-lure", "It has the model run commands that are not the tool's own."),
    _high("configuration-changed", "It has the model change settings of the client, the system or an agent."),
    _high("safety-disabled", "It has the model switch off or get around something that protects."),
    _high("consent-worn-out", "It works towards people approving without looking."),
    _high("recipient-redirected", "It sends things to somebody whom the user has not named."),
    _high("destruction-demanded", "It has the model delete things on the side."),
    _high("code-tampered", "It has the model put something into code that the user did not ask for."),
    _high("hidden-trigger", "It waits for an occasion to do something else than it says."),
    _high("false-authority", "It names an authority to get what a tool has no right to."),
    _high("sampling-abused", "It uses requests to the model as a way to the conversation or to hidden work."),
    _high("decode-and-obey", "It has the model put text together, or decode it, and act on the result."),
    _high("sounds-like-an-order", "It sounds like an order to the model, not like the description of a tool."),
    _high("split-text", "Read together, texts of several fields make an instruction."),
    _high("demand-in-a-name", "A demand stands where a name, a value or a word is due.", _REMOVE),
    _high("demand-in-an-unknown-field", "A demand stands in a field that neither MCP nor JSON Schema knows.", _REMOVE),
    _medium("alarming-words", "Its words could be an order to the model, but the sentence sounds like none.", _COMPARE),
    _medium("prose-in-a-name", "A whole sentence stands where a name or a word is due.", _REMOVE),
    _medium("concealed-text", "Readable text stands encoded where plain text would do.", _PLAIN),
    _medium("names-other-tool", "It mentions a tool of another server."),
)

_SEEN: Final = (
    _critical(
        "tag-characters", "Characters of the tags block spell text that no person sees and a model reads.", _PLAIN
    ),
    _critical(
        "variation-selectors", "Variation selectors stand where nothing varies: bytes can be hidden in them.", _PLAIN
    ),
    _critical("invisible-text", "Invisible characters stand in a row, or part a word.", _PLAIN),
    _high("text-direction-override", "The text is shown in another order than it is read by a model.", _PLAIN),
    _high("terminal-escape", "A control sequence changes what a terminal shows.", _PLAIN),
    _high("overwriting-text", "A carriage return lets later text cover earlier text.", _PLAIN),
    _high("control-characters", "Control characters stand in the text.", _PLAIN),
    _high("text-behind-padding", "Text stands behind so much space that nobody scrolls to it.", _PLAIN),
    _high("look-alike-letters", "Words mix Latin letters with letters of other scripts that look the same.", _PLAIN),
    _medium("invisible-character", "Single invisible characters stand where they have no use.", _PLAIN),
    _medium("control-character", "A control character stands in the text.", _PLAIN),
    _medium("private-characters", "Characters without a meaning of their own stand in the text.", _PLAIN),
    _medium("stacked-marks", "Marks are piled up on a letter.", _PLAIN),
    _medium("look-alike-letter", "A word mixes Latin letters with one of another script that looks the same.", _PLAIN),
    _medium("styled-letters", "Latin letters are written with symbols that only look like them.", _PLAIN),
)

_MARKED: Final = (
    _high("chat-template-token", "Tokens by which a model tells who speaks stand in the text.", _REMOVE),
    _high("forged-system-message", "The text poses as a message of the system or of whoever runs it.", _REMOVE),
    _high("forged-boundary", "The text pretends that the description ends and something else begins.", _REMOVE),
    _high("active-markup", "Mark-up that runs, loads or sends something stands in the text.", _REMOVE),
    _high(
        "image-that-reports",
        "An address is filled in with data, so that whoever shows or opens it sends them.",
        _REMOVE,
    ),
    _high("template-expression", "A template expression reaches for settings, secrets or the conversation.", _REMOVE),
    _medium("instruction-tag", "Tags pose as structure that a model obeys.", _REMOVE),
    _medium("hidden-comment", "A comment is not shown to people and is read by models.", _REMOVE),
    _medium("remote-image", "A picture is loaded from elsewhere when the text is shown.", _REMOVE),
)

_LINKED: Final = (
    _high(
        "dangerous-icon",
        "The icon is no plain picture from a place that can be trusted.",
        "Have it replaced by an https address or a picture of its own.",
    ),
    _high("command-in-a-value", "A value that is offered holds a command for a shell.", _REMOVE),
    _high(
        "tracking-icon",
        "The address of the icon tells its host who looks at it.",
        "Have it replaced by an address without particulars.",
    ),
    _high("dangerous-link", "The link runs something, or leads into a program.", _REMOVE),
    _high("disguised-address", "The address leads elsewhere than it seems to.", _REMOVE),
    _high("metadata-address", "It names an address where clouds hand out credentials.", _REMOVE),
    _high(
        "odd-origin", "It names a host where strangers collect, hide or pass on data, or one without a name.", _REMOVE
    ),
)

_SHAPED: Final = (
    _high(
        "remote-reference",
        "The schema is completed from another place, which can change it at any time.",
        "Have the schema written out.",
    ),
    _high("local-reference", "The schema refers to a file of whoever reads it.", "Have the schema written out."),
    _high(
        "endless-reference", "References lead in a circle, so that the schema has no end.", "Have the schema corrected."
    ),
    _high("schema-bomb", "The schema grows beyond any use when it is worked with.", "Have the schema corrected."),
    _high(
        "catastrophic-pattern",
        "The pattern can take exponential time on a short text.",
        "Have the pattern rewritten without repetitions within repetitions.",
    ),
    _medium("outside-reference", "A reference leads out of the schema.", "Have the schema written out."),
    _medium(
        "foreign-dialect",
        "The schema declares a dialect of somebody else.",
        "Have the schema written in a known dialect.",
    ),
    _low("unjudged-pattern", "The pattern is too long or too odd to be judged.", "Look at the pattern."),
)

_NAMED: Final = (
    _high("separator-in-name", "The name holds `__`, by which the aggregate endpoint parts server and tool.", _RENAME),
    _high(
        "impossible-name", "The name holds characters that no tool name may have; it can pass for another one.", _RENAME
    ),
    _high(
        "duplicate-name", "Two items of one kind have the same name, so that one of them shadows the other.", _RENAME
    ),
    _high("look-alike-of-own-tool", "Two tools of the server have names that a reader takes for one another.", _RENAME),
    _high("look-alike-of-other-tool", "The name passes for that of another server's tool.", _RENAME),
    _high("copied-tool", "Name and description are those of another server's tool.", _RENAME),
    _high("trimmed-name", "The name is that of another server's tool with a word of praise or rank added.", _RENAME),
    _high("posing-server", "The server's name passes for another one.", "Make sure whose server it is."),
    _medium(
        "separator-within-name", "The name holds `__`, though not where it would be taken for a server's name.", _RENAME
    ),
    _medium("same-name-elsewhere", "Another server has a tool of the same name.", _RENAME),
    _medium("name-spelled-otherwise", "The name is that of another server's tool in another spelling.", _RENAME),
    _medium("name-spelled-twice", "Two tools of the server have one name in two spellings.", _RENAME),
    _low("unusual-name", "The name holds characters that tool names should not have.", _RENAME),
)

_ASKED: Final = (
    _high(
        "conversation-parameter",
        "A parameter takes the conversation, the model's instructions or its reasoning, which the tool has no use for.",
    ),
    _high("secret-parameter", "A parameter takes secrets of the user that the tool has no use for."),
    _high(
        "reporting-template", "Whoever reads the address hands over what is filled in, to a host that the server names."
    ),
    _high("open-file-template", "The template reaches whichever file of the machine is named."),
    _high("fixed-recipient", "A parameter by which things are sent has an address built in."),
    _medium("user-words-parameter", "A parameter takes the user's own words rather than what the tool needs of them."),
    _medium(
        "credential-parameter",
        "A credential is passed as an argument, where the model and the logs see it.",
        "Prefer a credential kept in the vault; approve when there is no other way.",
    ),
    _high(
        "lying-annotation",
        "The annotations promise harmlessness, and the tool is not harmless.",
        "Judge the tool by what it does; have the annotations corrected.",
    ),
    _high("misleading-title", "The title says that it looks, the name that it destroys.", "Have title and name agree."),
    _medium(
        "doubtful-annotation",
        "The annotations and the rest of the tool do not agree.",
        "Judge the tool by what it does.",
    ),
)

_CHANGED: Final = (
    _high(
        "no-longer-read-only",
        "The tool was read-only and does not say so any more.",
        "Look at what it does now before it is approved again.",
    ),
    _high(
        "new-reaching-parameter",
        "A parameter is new by which the tool reaches further than before.",
        "Look at what it is for before the tool is approved again.",
    ),
    _high("new-address", "An address is new in the tool.", "Make sure whose it is before the tool is approved again."),
)

_LIMITS: Final = (
    _high("too-much-text", "The item holds more text than anybody reads, so that not all of it was listened to."),
    _high("too-deep", "The item is nested too deeply to be read as a whole.", "Have it made flatter."),
    _medium(
        "too-many-findings",
        "There are more findings than are listed.",
        "Work through those that are listed, then scan again.",
    ),
)

RULES: Final[tuple[Rule, ...]] = (
    *_SPOKEN, *_SEEN, *_MARKED, *_LINKED, *_SHAPED, *_NAMED, *_ASKED, *_CHANGED, *_LIMITS,
)  # fmt: skip
