"""The class of a tool from its manifest (contract 1, Intent)."""

from __future__ import annotations

from typing import Any

import pytest

from governance.policy.intent import classify
from governance.policy.values import Intent

READ, WRITE, DESTRUCTIVE = Intent.READ, Intent.WRITE, Intent.DESTRUCTIVE
EXFILTRATIVE, UNKNOWN = Intent.EXFILTRATIVE, Intent.UNKNOWN


def takes(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {} for name in names}}


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("git_status", "Shows the working tree status", READ),
        ("git_diff_unstaged", "Shows changes in the working directory that are not yet staged", READ),
        ("git_diff_staged", "Shows changes that are staged for commit", READ),
        ("git_diff", "Shows differences between branches or commits", READ),
        ("git_log", "Shows the commit logs", READ),
        ("git_show", "Shows the contents of a commit", READ),
        ("git_branch", "List Git branches", READ),
        ("git_add", "Adds file contents to the staging area", WRITE),
        ("git_commit", "Records changes to the repository", WRITE),
        ("git_create_branch", "Creates a new branch from an optional base branch", WRITE),
        ("git_checkout", "Switches branches", WRITE),
        ("git_init", "Initialize a new Git repository", WRITE),
        ("git_reset", "Unstages all staged changes", DESTRUCTIVE),
        ("git_push", "", EXFILTRATIVE),
        ("get_current_time", "Get current time in a specific timezone", READ),
        ("convert_time", "Convert time between timezones", READ),
        ("read_text_file", "Read the complete contents of a file from the file system as text.", READ),
        ("list_directory_with_sizes", "Get a detailed listing of all files and directories", READ),
        ("directory_tree", "Get a recursive tree view of files and directories as a JSON structure.", READ),
        ("search_files", "Recursively search for files and directories matching a pattern.", READ),
        ("get_file_info", "Retrieve detailed metadata about a file or directory.", READ),
        ("list_allowed_directories", "Returns the list of directories that this server is allowed to access.", READ),
        ("write_file", "Create a new file or completely overwrite an existing file with new content.", DESTRUCTIVE),
        ("edit_file", "Make line-based edits to a text file.", WRITE),
        ("create_directory", "Create a new directory or ensure a directory exists.", WRITE),
        ("move_file", "Move or rename files and directories.", WRITE),
        ("create_entities", "Create multiple new entities in the knowledge graph", WRITE),
        ("add_observations", "Add new observations to existing entities in the knowledge graph", WRITE),
        ("delete_entities", "Delete multiple entities and their associated relations", DESTRUCTIVE),
        ("read_graph", "Read the entire knowledge graph", READ),
        ("search_nodes", "Search for nodes in the knowledge graph based on a query", READ),
        ("open_nodes", "Open specific nodes in the knowledge graph by their names", READ),
        ("send_email", "", EXFILTRATIVE),
        ("slack_post_message", "", EXFILTRATIVE),
        ("get_refund", "", READ),
        ("create_refund", "", DESTRUCTIVE),
        ("list_deleted_items", "", READ),
        ("get_and_delete", "", DESTRUCTIVE),
        ("deleteUser", "", DESTRUCTIVE),
        ("message_list", "", READ),
        ("helper", "Permanently removes the account", DESTRUCTIVE),
        ("helper", "Runs arbitrary shell commands", DESTRUCTIVE),
        ("update_note", "Updates a note without deleting the history", WRITE),
        ("frobnicate", "", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)  # fmt: skip
def test_tools_of_well_known_servers(name: str, description: str, expected: Intent) -> None:
    assert classify(name, description, takes("x"))[0] is expected


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("query", ("sql",), DESTRUCTIVE),
        ("lookup", ("command",), DESTRUCTIVE),
        ("fetch", ("url",), EXFILTRATIVE),
        ("http_request", ("url", "method"), DESTRUCTIVE),
        ("push_files", ("files", "force"), DESTRUCTIVE),
        ("find_files", ("pattern", "exec"), DESTRUCTIVE),
        ("create_note", ("to", "body"), EXFILTRATIVE),
        ("update_branch", ("force",), DESTRUCTIVE),
        ("list_files", ("force",), READ),
        ("get_weather", ("city",), READ),
    ],
)
def test_what_a_tool_takes_can_raise_its_class(name: str, arguments: tuple[str, ...], expected: Intent) -> None:
    assert classify(name, "", takes(*arguments))[0] is expected


def test_annotations_raise_and_never_lower() -> None:
    assert classify("delete_user", annotations={"readOnlyHint": True})[0] is DESTRUCTIVE
    assert classify("delete_user", annotations={"destructiveHint": False})[0] is DESTRUCTIVE
    assert classify("frobnicate", annotations={"readOnlyHint": True})[0] is UNKNOWN
    assert classify("get_thing", annotations={"destructiveHint": True})[0] is DESTRUCTIVE
    assert classify("get_thing", annotations={"readOnlyHint": False})[0] is WRITE
    assert classify("get_thing", annotations={"readOnlyHint": True})[0] is READ


def test_four_hints_at_the_defaults_of_mcp_say_as_much_as_none() -> None:
    """Some SDKs write all four for tools whose authors said nothing (protocol: every hint has a default)."""
    defaults = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
    assert classify("get_thing", annotations=defaults)[0] is READ
    assert classify("get_thing", annotations=defaults | {"idempotentHint": True})[0] is DESTRUCTIVE


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (("delete_user", "", ()), (DESTRUCTIVE, "the name says delete")),
        (("x", "Lists all users", ()), (READ, "the description says lists")),
        (("helper", "The row is removed for good.", ()), (DESTRUCTIVE, "the description says removed")),
        (("create_refund", "", ()), (DESTRUCTIVE, "the name says create and refund")),
        (
            ("analyze", "Analyses logs", ("webhook_url",)),
            (EXFILTRATIVE, "the parameter `webhook_url` lets the caller choose where content goes"),
        ),
        (("frobnicate", "", ()), (UNKNOWN, "neither name, description nor schema says what it does")),
    ],
)
def test_the_answer_says_why(tool: tuple[str, str, tuple[str, ...]], expected: tuple[Intent, str]) -> None:
    """One plain sentence that names the word, the parameter or the annotation that decided."""
    name, description, arguments = tool
    assert classify(name, description, takes(*arguments)) == expected


@pytest.mark.parametrize(
    ("name", "description", "arguments", "expected"),
    [
        ("can_remove", "Whether the caller may remove a row. Removes nothing.", (), READ),
        ("check_statement", "Finds mistakes in a statement. It is never run.", ("sql",), READ),
        ("preview_letter", "Shows a letter without sending it", (), READ),
        ("find_rows", "Finds rows. Use it before you call delete_rows.", (), READ),
        ("list_rows", "Lists rows that were deleted within a week", (), READ),
        ("list_rows", "Lists rows. Rows older than a year are deleted.", (), DESTRUCTIVE),
        ("look_up", "Looks a key up; creates it when it is missing", (), WRITE),
        ("read_mail", "Reads mail and marks it as read", (), WRITE),
        (
            "summarize",
            "Summarises a page. It also emails the summary to the address given.",
            ("address",),
            EXFILTRATIVE,
        ),
        ("query", "Run a read-only SQL query", ("sql",), READ),
        ("query", "Run an SQL query", ("sql",), DESTRUCTIVE),
        ("cancel_scan", "", (), DESTRUCTIVE),
        ("order_history", "", (), READ),
        ("stop_service", "", (), DESTRUCTIVE),
        ("stop_departures", "Next departures at a stop", (), READ),
        ("read_documentation", "Fetch a page of the Gizmo documentation", ("url",), READ),
        ("read_page", "Fetch any web page", ("url",), EXFILTRATIVE),
        ("goto", "Navigate to an address", ("url",), EXFILTRATIVE),
        ("post_json", "Makes a POST request", ("url", "json"), EXFILTRATIVE),
        ("request", "Makes a request with any method", ("url", "method", "body"), DESTRUCTIVE),
        ("list_invoices", "Lists invoices. Invoices that are due are paid automatically.", (), READ),
        ("get_share_link", "", ("path",), EXFILTRATIVE),
        ("set_retention", "Sets how long logs are kept", ("days",), DESTRUCTIVE),
        ("retention_policy", "How long messages are kept", ("days",), DESTRUCTIVE),
        ("expunge", "", (), DESTRUCTIVE),
        ("mirror", "Makes the target equal to the source; surplus files vanish", (), DESTRUCTIVE),
        ("file_link", "Link that works without an account", ("path",), EXFILTRATIVE),
        ("load_folder", "Reads the files of a folder into the index", ("path",), WRITE),
        ("manage_jobs", "Look at jobs", ("id",), WRITE),
        ("stock", "Units on hand per warehouse", ("sku",), READ),
        ("card", "Card to another list", ("id",), UNKNOWN),
        ("user_by_email", "Finds an account", ("email",), READ),
        ("check_before_delete", "Lists what depends on a thing", ("id",), READ),
        ("buscar", "Busca clientes. No modifica nada.", (), READ),
        ("termin", "Legt einen Termin an und verschickt ihn an alle", (), EXFILTRATIVE),
        ("wetter", "Fragt das Wetter ab", (), READ),
        ("konto", "Schließt ein Konto endgültig", (), DESTRUCTIVE),
        ("rireki", "削除済みのファイルを表示します", (), READ),
        ("add", "Adds two numbers", ("a", "b"), READ),
        ("borrar", "Elimina un registro", (), DESTRUCTIVE),
        ("werkzeug", "Verschickt eine Nachricht", (), EXFILTRATIVE),
        ("gongju", "删除文件", (), DESTRUCTIVE),
        ("sagase", "文書を検索します", (), READ),
    ],
)
def test_what_a_tool_does_is_told_from_what_it_speaks_of(
    name: str, description: str, arguments: tuple[str, ...], expected: Intent
) -> None:
    """Negations, advice to the model, states of data, fixed hosts and other languages (contract 1, Intent)."""
    assert classify(name, description, takes(*arguments))[0] is expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"operation": {"enum": ["list", "create", "delete"]}}, DESTRUCTIVE),
        ({"operation": {"anyOf": [{"const": "list"}, {"const": "delete"}]}}, DESTRUCTIVE),
        ({"strategy": {"enum": ["keepSource", "deleteSource"]}}, DESTRUCTIVE),
        ({"visibility": {"enum": ["private", "public"]}}, EXFILTRATIVE),
        ({"recipients": {}, "message": {}}, EXFILTRATIVE),
        ({"overwrite": {"type": "boolean"}}, DESTRUCTIVE),
        ({"title": {}}, WRITE),
    ],
)
def test_the_worst_of_what_a_caller_can_choose_counts(schema: dict[str, Any], expected: Intent) -> None:
    """A tool is judged by the worst it can do (contract 1)."""
    assert classify("update_entry", "", {"type": "object", "properties": schema})[0] is expected


def test_parameters_within_an_object_are_seen() -> None:
    """One level deep, written there or in the schema's own definitions."""
    inner = {"properties": {"webhook_url": {"type": "string"}}}
    assert classify("update_entry", "", {"properties": {"options": inner}})[0] is EXFILTRATIVE
    referring = {"properties": {"options": {"$ref": "#/$defs/Options"}}, "$defs": {"Options": inner}}
    assert classify("update_entry", "", referring)[0] is EXFILTRATIVE


def test_a_text_too_long_to_be_read_is_never_called_harmless() -> None:
    """Security P5: no time is spent on it, and what might stand behind the first part is not taken on trust."""
    assert classify("get_thing", "Returns a thing. " * 10_000)[0] is UNKNOWN
    assert classify("delete_thing", "Returns a thing. " * 10_000)[0] is DESTRUCTIVE
    assert classify("get_" + "thing_" * 100)[0] is UNKNOWN


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ("Shell command that is executed on each match", DESTRUCTIVE),
        ("Run SQL against the warehouse", DESTRUCTIVE),
        ("Words to look for in scripts", READ),
        ("The SQL dialect of the files to search", READ),
    ],
)
def test_a_parameter_that_is_said_to_be_run_makes_a_search_worse(described: str, expected: Intent) -> None:
    """A tool is judged by the worst it can do (contract 1): what a caller writes there is run."""
    schema: dict[str, Any] = {"properties": {"query": {"type": "string", "description": described}}}
    assert classify("search_files", "Search files for a text", schema)[0] is expected


def test_a_tool_that_only_looks_whatever_is_chosen_is_a_reading() -> None:
    """A verb of many meanings in the name says less than a closed list of what can be done."""
    choices: dict[str, Any] = {"properties": {"operation": {"enum": ["list", "get", "transcript"]}}}
    assert classify("manage_recordings", "Look at recordings", choices)[0] is READ
    choices["properties"]["operation"]["enum"].append("delete")
    assert classify("manage_recordings", "Look at recordings", choices)[0] is DESTRUCTIVE


def test_what_is_set_is_not_called_read_for_want_of_a_verb() -> None:
    """Rather a wrong write than a wrong read: a value among the parameters, or the very thing that is named."""
    degrees: dict[str, Any] = {
        "properties": {"room": {"type": "string"}, "degrees": {"type": "number", "description": "To set"}}
    }
    assert classify("thermostat", "Temperature of a room", degrees)[0] is not READ
    colour: dict[str, Any] = {"properties": {"event": {"type": "string"}, "colour": {"type": "string"}}}
    assert classify("event_colour", "Colour of an event", colour)[0] is not READ
    how_far: dict[str, Any] = {"properties": {"entity": {"type": "string"}, "position": {"type": "integer"}}}
    assert classify("cover_position", "How far a blind is open", how_far)[0] is not READ
