"""Find the text of the policy: in a file beside, or inline. Pure: no Django; files come through a given function."""

from __future__ import annotations

from collections.abc import Callable

from governance.canonical.strict_json import encode
from governance.policy.nodes import Mapping, Node, Scalar, json_of, read_nodes
from governance.policy.reading import Reader
from registry.configuration import words
from registry.configuration.values import PolicyText

ReadFile = Callable[[str], str]
"""Returns the text of a file named relative to the configuration; raises OSError or UnicodeDecodeError."""


def read_policy(node: Node | None, reader: Reader, *, text: str, source: str, read_file: ReadFile) -> PolicyText | None:
    """`{file: …}`, a path, a block of text, or the policy itself as a mapping."""
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return None
    if isinstance(node, Mapping):
        if any(key.text == "file" for key, _ in node.entries):
            fields = reader.fields(node, ("file",), "policy")
            return _from_file(fields["file"], reader, read_file)
        return _inline(node, text, source)
    if isinstance(node, Scalar) and isinstance(node.value, str) and "\n" in node.value:
        return PolicyText(node.value, f"{source} (policy in line {node.at.line})")
    if isinstance(node, Scalar):
        return _from_file(node, reader, read_file)
    reader.problem(node, "policy must be {file: policy.yaml} or the policy itself")
    return None


def _from_file(node: Node, reader: Reader, read_file: ReadFile) -> PolicyText | None:
    name = words.text(node, reader, "file of policy")
    if not name:
        return None
    try:
        return PolicyText(read_file(name), name)
    except UnicodeDecodeError:
        reader.problem(node, f"{name} is not UTF-8 text")
    except OSError as error:
        reader.problem(node, f"{name} cannot be read ({error.strerror or error}); paths are relative to this file")
    return None


def _inline(node: Mapping, text: str, source: str) -> PolicyText:
    """The policy's own lines, comments included; where they do not stand alone, its values written anew."""
    lines = text.splitlines(keepends=True)[node.at.line - 1 :]
    indent = node.at.column - 1
    body = [lines[0][indent:]]
    for line in lines[1:]:
        if line[:indent].strip() and not line.lstrip().startswith("#"):
            break
        body.append((line[indent:] or "\n") if not line[:indent].strip() else line.lstrip())
    kept = "".join(body)
    again, problems = read_nodes(kept)
    if again is not None and not problems and json_of(again) == json_of(node):
        return PolicyText(kept, source, node.at.line, node.at.column)
    return PolicyText(encode(json_of(node)).decode() + "\n", source, node.at.line, node.at.column)
