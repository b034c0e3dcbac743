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


def test_the_answer_says_why() -> None:
    assert classify("delete_user") == (DESTRUCTIVE, "the name says 'delete'")
    assert classify("x", "Lists all users") == (READ, "the description begins with 'Lists'")
