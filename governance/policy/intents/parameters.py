"""Finds in the parameters of a tool what its caller can make of it. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Final

from governance.canonical.values import JSON
from governance.policy.intents.tables import word_set
from governance.policy.intents.words import KNOWN, Form, split
from governance.policy.values import Intent

LONGEST: Final = 80


class Part(Enum):
    """What a parameter is for, as far as its name tells."""

    # Members are the same only to themselves, and a hash of their names costs more than all look-ups here.
    __hash__ = object.__hash__

    ADDRESS = "an address on the network"
    PLACE = "perhaps an address"
    CONTENTS = "an address of content"
    SINK = "where content goes"
    RECIPIENT = "who gets it"
    GUESTS = "who is invited"
    CONTENT = "what is sent"
    BODY = "the body of a request"
    METHOD = "the method of a request"
    ACT = "which act"
    CODE = "code or a command"
    EXEC = "a command that is run beside"
    QUERY = "a query"
    SQL = "SQL"
    SAVING = "where a file is kept"
    FORCE = "overwriting"
    REMOVAL = "removing"
    AUDIENCE = "who may see it"
    HOST = "a machine"
    KEEPING = "a change beside"
    CARRYING = "sending beside"
    AMOUNT = "an amount of money"
    PAYEE = "who is paid"


_WHOLE: Final[Mapping[str, Part]] = {
    name: part
    for part, names in {
        Part.ADDRESS: "url urls uri uris href endpoint target_url page_url website website_url web_url "
        "start_url source_url base_url site_url webpage",
        Part.PLACE: "site page webpage link target location src source feed address domain",
        Part.SINK: "webhook webhook_url webhooks callback callback_url notify_url notification_url post_to send_to "
        "forward_to upload_url upload_to destination_url share_with copy_to report_to exfil_url sink_url "
        "remote_url send_copy_to mail_to email_to notify_email notify webhook_endpoint hook_url",
        Part.RECIPIENT: "to recipient recipients cc bcc to_email to_emails to_address to_number to_recipients "
        "recipient_email recipient_id recipient_ids addressee phone_number_to receiver receivers",
        Part.GUESTS: "attendees guests invitees attendee_emails",
        Part.CONTENT: "body message text content subject html caption attachment attachments messages summary markdown "
        "blocks",
        Part.BODY: "payload request_body json data form_data post_data",
        Part.METHOD: "http_method request_method",
        Part.ACT: "method action operation op act subcommand operation_type action_type act_type mode",
        Part.EXEC: "exec execute eval run_command exec_command post_command pre_command on_complete_command shell_exec "
        "run_script command_to_run then_run",
        Part.CODE: "command cmd commands code script shell js_code javascript python_code js bash code_snippet "
        "shell_command python statements snippet program command_line commandline argv args applescript",
        Part.QUERY: "query queries q cypher graphql gql",
        Part.SQL: "sql sql_query sql_statement statement sql_queries sqls query_sql ddl dml mutation mutations",
        Part.SAVING: "save_path savepath output_path output_file output_dir output_folder output_directory save_to "
        "download_path download_dir dest_path destination_path target_path export_path out_file outfile out_path "
        "output_filename save_dir save_directory local_path write_to save_as save_file save_to_file",
        Part.AMOUNT: "amount amount_cents amount_usd amount_wei lamports wei stake wager",
        Part.PAYEE: "iban account_number to_account wallet wallet_address to_wallet beneficiary destination_account "
        "recipient_account",
        Part.KEEPING: "clear clear_after fix apply autofix in_place inplace commit save persist write store ack",
        Part.CARRYING: "publish send share post broadcast email post_publicly",
        Part.FORCE: "force overwrite hard recursive permanent permanently replace_all clobber "
        "overwrite_existing force_delete force_push",
        Part.REMOVAL: "cleanup clean_up drop purge prune wipe truncate destroy delete remove delete_all remove_all",
        Part.AUDIENCE: "public is_public visibility privacy privacy_status anyone_can_view make_public access_level",
        Part.HOST: "host hostname remote server_url remote_host registry destination_host target_host bucket "
        "destination_bucket",
    }.items()
    for name in names.split()
}  # fmt: skip
_SINKS: Final = word_set("webhook callback notification upload hook post")
# What only a yes says.
_FLAGS: Final = frozenset({Part.REMOVAL, Part.KEEPING, Part.CARRYING})
# Where one of a list can be chosen, the caller chooses no address.
_FREE: Final = frozenset({Part.ADDRESS, Part.PLACE, Part.CONTENTS, Part.SINK, Part.HOST})
_REACHED: Final = word_set("service api proxy endpoint relay gateway remote target")
_REMOVING: Final = word_set(
    "delete drop purge prune wipe truncate destroy ack acknowledge expunge erase kill terminate revoke"
)
_REMOVED: Final = word_set("source original after files file remote messages message items item")
_BESIDE: Final = word_set("mark save store write create archive update append persist apply fix")
_CONTENTS: Final = word_set("image audio video pdf file document media feed photo picture csv download")
_REMOVERS: Final = word_set("delete remove destroy purge revoke terminate erase wipe uninstall")
_CARRIED: Final = word_set("send share publish post email mail notify upload broadcast make")
_CARRIED_TO: Final = word_set("to email emails recipients recipient channel")
_KEPT_IN: Final = word_set("path file dir directory folder filename filepath")
_OUT: Final = word_set("output out save export download dest destination")
_KEPT_AS: Final = frozenset({"file", "both", "disk", "save"})
_CODE_RUN: Final = (
    r"(?:(?:shell|system|terminal|os|bash|unix|cli|host) commands?|code|scripts?|shell|sql|javascript|js|python|bash|"
    r"powershell|snippets?|statements?|programs?|executables?|lua|expressions?)"
)
_THEN: Final = (
    r"(?: \w+){0,4} (?:to|that|which|is|are|gets|will)(?: be| is| get)? (?:run|runs|execute[sd]?|evaluated?|invoked)\b"
)
_RUN: Final = re.compile(
    rf"\b{_CODE_RUN}\b{_THEN}|\b(?:runs?|executes?|evaluates?)(?: \w+){{0,3}} {_CODE_RUN}\b|\b(?:arbitrary|"
    rf"raw) {_CODE_RUN}\b",
    re.IGNORECASE,
)
_COMMAND_RUN: Final = re.compile(
    rf"\bcommands?\b{_THEN}|\b(?:runs?|executes?)(?: \w+){{0,3}} commands?\b", re.IGNORECASE
)
_NOT_RUN: Final = re.compile(
    r"\b(?:not|never|without|before|instead|select|read[- ]?only|readonly|search|grep|jql|promql|logql|kql|"
    r"saved|name of|id of|path of|which)\b",
    re.IGNORECASE,
)
_IN_SQL: Final = re.compile(r"\b(?:sql|ddl|dml|t-sql|plsql|hql|cypher|gremlin)\b", re.IGNORECASE)
_SET: Final = re.compile(r"\bto set\b|\bnew (?:value|state|level)\b|\bdesired\b", re.IGNORECASE)
_WORDS: Final = re.compile(r"[a-z]+").findall
_OPEN: Final = frozenset({"public", "publish", "published", "anyone", "everyone", "unlisted", "world", "live"})
_ENDED: Final = word_set(
    "stopped terminated deleted off destroyed inactive disabled suspended revoked banned blocked shutdown killed "
    "removed"
)
_STATES: Final = frozenset({"status", "state", "type", "visibility", "privacy", "access", "scope", "privacystatus"})
_SENDING: Final = frozenset({"post", "put", "patch"})
_HTTP: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


@dataclass(slots=True)
class Taken:
    """The parameters of a tool by what they are for, and the acts that a caller can choose among."""

    parts: dict[Part, str] = field(default_factory=dict)
    choices: dict[Intent, tuple[str, str]] = field(default_factory=dict)
    http: bool = False
    address_text: str = ""
    strategy: tuple[str, str] | None = None
    options: dict[str, list[str]] = field(default_factory=dict)
    run: str | None = None
    queried: str | None = None
    value: str | None = None
    named: bool = False


@lru_cache(maxsize=8192)
def part_of(name: str) -> Part | None:
    """What a parameter of this name is for."""
    if len(name) > LONGEST:
        return None
    words = split(name)
    joined = "_".join(words)
    part = _WHOLE.get(joined) or _WHOLE.get("".join(words)) or _WHOLE.get(name.lower())
    if part is None and len(words) > 1:
        if words[-1] in ("url", "uri") and words[0] in _SINKS:
            part = Part.SINK
        elif words[-1] in ("url", "uri", "endpoint") and words[0] in _REACHED:
            part = Part.ADDRESS
        elif words[-1] == "url" and words[0] in _CONTENTS:
            part = Part.CONTENTS
        elif words[0] in _CARRIED and words[-1] in _CARRIED_TO:
            part = Part.SINK
        elif words[0] in _OUT and words[-1] in _KEPT_IN:
            part = Part.SAVING
        elif words[0] in _CARRIED and (words[0] != "make" or words[-1] == "public"):
            part = Part.CARRYING
        elif words[-1] == "sql":
            part = Part.SQL
        elif words[0] in _REMOVING or (words[0] == "remove" and words[1] in _REMOVED):
            part = Part.REMOVAL
        elif words[0] in _BESIDE:
            part = Part.KEEPING
    return part


def taken(schema: Mapping[str, JSON]) -> Taken:
    """Sort the parameters of an inputSchema, one level of objects deep."""
    result = Taken()
    for name, value in _properties(schema):
        part = part_of(name)
        if part is None and isinstance(value, dict) and value.get("format") in ("uri", "url"):
            part = Part.ADDRESS
        if isinstance(value, dict):
            described = value.get("description")
            if isinstance(described, str):
                _described(result, name, part, described[:300], value)
        if part in _FREE and isinstance(value, dict) and "enum" in value:
            part = None
        if part is not None:
            if part in _FLAGS and not _yes_or_no(value):
                continue
            result.parts.setdefault(part, name)
            if (
                part in (Part.ADDRESS, Part.CONTENTS)
                and isinstance(value, dict)
                and isinstance(value.get("description"), str)
            ):
                result.address_text = str(value["description"])
        if isinstance(value, dict) and (part is Part.ACT or part is Part.METHOD or "enum" in value):
            _choices(result, name, part, value)
    return result


def _may_run(text: str) -> bool:
    """A look at a text that costs little, before the patterns are searched."""
    return "xecut" in text or "run" in text or "Run" in text or "rbitrary" in text or "valuat" in text or "aw " in text


def _is_run(text: str, part: Part | None) -> bool:
    """Whether a parameter is said to be run. `command` by itself may be one of a few that the tool has."""
    if _NOT_RUN.search(text):
        return False
    return _RUN.search(text) is not None or (part is not Part.CODE and _COMMAND_RUN.search(text) is not None)


def _described(result: Taken, name: str, part: Part | None, text: str, value: Mapping[str, JSON]) -> None:
    """What the description of a parameter says is done with it: run, asked in SQL, or set."""
    if len(name) > LONGEST:
        return
    if value.get("type") in (None, "string"):
        if _may_run(text) and _is_run(text, part):
            result.run = result.run or name
        if part is Part.QUERY and _IN_SQL.search(text):
            result.queried = result.queried or name
    if ("to set" in text or "new " in text or "esired" in text) and _SET.search(text):
        result.value = result.value or name


def _properties(schema: Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    for name, value in properties.items():
        yield name, value
        if isinstance(value, dict) and ("properties" in value or "$ref" in value):
            inner = _inner(schema, value)
            if isinstance(inner, dict):
                yield from inner.items()


def _inner(schema: Mapping[str, JSON], value: Mapping[str, JSON]) -> JSON:
    """The properties of an object within, written there or in the schema's own definitions."""
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        definitions = schema.get("$defs")
        defined = definitions.get(reference[8:]) if isinstance(definitions, dict) else None
        return defined.get("properties") if isinstance(defined, dict) else None
    return value.get("properties")


def _yes_or_no(value: JSON) -> bool:
    return isinstance(value, dict) and (value.get("type") == "boolean" or value.get("default") is False)


def _choices(result: Taken, name: str, part: Part | None, value: Mapping[str, JSON]) -> None:
    """What the caller can choose among, where the parameter names acts, states or who may see something."""
    if len(name) > LONGEST:
        return
    listed = value.get("enum")
    options = [_short(option) for option in listed if isinstance(option, str)] if isinstance(listed, list) else []
    low = name.lower()
    result.options[name] = options
    if part is Part.AUDIENCE or low in _STATES:
        _states(result, name, options)
    if low.startswith("output") and any(option.lower() in _KEPT_AS for option in options):
        result.parts.setdefault(Part.SAVING, name)
    if part is Part.ACT or part is Part.METHOD:
        _acts(result, name, options, value)
    else:
        _removing(result, name, options)


def _short(option: str) -> str:
    """An option on one line and short, for it may stand in the reason."""
    return " ".join(option[:LONGEST].split())


def _states(result: Taken, name: str, options: list[str]) -> None:
    for option in options:
        low = option.lower()
        if low in _OPEN:
            result.choices.setdefault(Intent.EXFILTRATIVE, (name, option))
        elif low in _ENDED:
            result.strategy = result.strategy or (name, option)


def _acts(result: Taken, name: str, options: list[str], value: Mapping[str, JSON]) -> None:
    """The acts that an enumeration, its alternatives or else its description name."""
    if not options:
        alternatives = value.get("anyOf") or value.get("oneOf")
        for each in alternatives if isinstance(alternatives, list) else ():
            if isinstance(each, dict) and isinstance(each.get("const"), str):
                options.append(_short(str(each["const"])))
    result.named = result.named or bool(options)
    described = value.get("description")
    if not options and isinstance(described, str):
        options = [word for word in _WORDS(described[:400].lower()) if word not in _HTTP and _plainly_acts(word)]
    lowered = {option.lower() for option in options}
    result.http = result.http or ("get" in lowered and not lowered.isdisjoint(_SENDING))
    for option in options:
        _choice(result, name, option)


def _plainly_acts(word: str) -> bool:
    verb = KNOWN.get(word)
    return verb is not None and not verb.nounlike


def _removing(result: Taken, name: str, options: list[str]) -> None:
    """A strategy that removes: `deleteSource` among other ways. It makes only a tool worse that writes."""
    verbs = [verb for verb in map(KNOWN.get, options) if verb is not None and verb.form is Form.BASE]
    if 1 < len(verbs) == len(options):
        for verb in verbs:
            if verb.base in _REMOVERS:
                result.strategy = result.strategy or (name, verb.base)
    for option in options:
        words = split(option)
        if len(words) > 1 and (words[0] == "remove" or words[0] in _REMOVING):
            result.strategy = result.strategy or (name, option)


def _choice(result: Taken, name: str, option: str) -> None:
    words = split(option)
    if any(verb is not None and verb.form is Form.PAST for verb in map(KNOWN.get, words)):
        return
    if words[:2] == ["factory", "reset"]:
        result.choices.setdefault(Intent.DESTRUCTIVE, (name, option))
    for word in words:
        verb = KNOWN.get(word)
        if (
            verb is None
            or verb.form is not Form.BASE
            or (verb.nounlike and word != words[0] and verb.base not in _REMOVERS)
        ):
            continue
        plain = verb.intent is Intent.READ or (verb.intent is Intent.WRITE and name == "mode")
        if not plain and not (verb.intent is Intent.EXFILTRATIVE and option.lower() in _HTTP):
            result.choices.setdefault(verb.intent, (name, option))
        return
