"""At most 400 lines a module, 40 a function (architecture 2.3). An exception needs a line here."""

from __future__ import annotations

import ast

from tests.architecture.sources import APPS, modules, name, tree

MODULE_LINES = 400
FUNCTION_LINES = 40
LONGER_MODULES: dict[str, str] = {}  # path: reason
LONGER_FUNCTIONS: dict[str, str] = {}  # path::function: reason


def test_no_module_is_longer_than_400_lines() -> None:
    """Architecture 2.3."""
    sizes = {name(path): len(path.read_text().splitlines()) for path in modules(*APPS)}
    assert {path: lines for path, lines in sizes.items() if lines > MODULE_LINES and path not in LONGER_MODULES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    """Architecture 2.3; counted from `def` to the last line, docstring included."""
    sizes = {
        f"{name(path)}::{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in modules(*APPS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {at: size for at, size in sizes.items() if size > FUNCTION_LINES and at not in LONGER_FUNCTIONS} == {}
