"""Rules of the house that a linter does not know (architecture 2 and 4). Each exception stands here with its reason."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import APPS, ROOT, files, modules, name, tree

CATCH_EVERYTHING = {
    "gateway/consumers.py": "the outer shell of a call: what nobody expected is refused, never passed on",
    "gateway/sse_door.py": "the outer shell of a posted message, whose request is answered before the work begins",
    "gateway/adapters/writer.py": "the ledger's supervised loop: what it cannot write is refused",
    "gateway/streams.py": "the loop that looks after agents' streams: they end, and no call depends on them",
    "gateway/snapshot/keeper.py": "the snapshot's supervised loop: an unconfirmed snapshot refuses every call",
}
READ_ENVIRONMENT = {
    "manage.py": "chooses the settings module",
    "gateway/settings/env.py": "the reader of settings",
    "gateway/asgi.py": "names the settings module before Django starts",
    "gateway/celery.py": "names the settings module before Django starts",
    "gateway/demo/setting.py": "gives PATH to git",
}
SLEEP = {
    "tests/waiting.py": "the one bounded wait",
    "tests/fixtures_servers/desk.py": "a tool that takes as long as its caller asks",
    "tests/registry/transports/sdk_server.py": "a tool that never answers",
    "tests/registry/transports/over_stdio.py": "looks again within asyncio.timeout",
    "tests/registry/transports/test_sdk_interop.py": "looks again within asyncio.timeout",
}
PATTERN_NAMES = {"utils", "util", "helpers", "helper", "services", "service", "manager", "managers", "common", "misc"}
# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org")


def broad_handlers(path: Path) -> list[ast.ExceptHandler]:
    """The handlers of a file that catch Exception, BaseException or everything."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            names = {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)} if node.type else {""}
            if names & {"", "Exception", "BaseException"}:
                found.append(node)
    return found


def swallowing() -> set[str]:
    """Files where a broad handler does not end by raising again."""
    return {
        name(path)
        for path in modules(*APPS)
        for handler in broad_handlers(path)
        if not (isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None)
    }


def test_only_the_outer_shells_catch_everything() -> None:
    """Architecture 2.15: elsewhere a broad handler may only clean up and raise again."""
    assert swallowing() == set(CATCH_EVERYTHING)


def readers() -> set[str]:
    """Files that touch the process environment."""
    return {
        name(path)
        for path in [*modules(*APPS), ROOT / "manage.py"]
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        )
    }


def test_the_environment_is_read_in_one_place() -> None:
    """Architecture 3.6: env.py is the reader of os.environ; the few others have a reason."""
    assert readers() == set(READ_ENVIRONMENT)


def test_modules_are_named_for_the_thing() -> None:
    """Architecture 2.1."""
    named = [name(path) for path in modules(*APPS, "tests") if path.stem in PATTERN_NAMES]
    assert named == []


def test_every_module_says_what_it_is() -> None:
    """Architecture 2.2: the first docstring line."""
    silent = [
        name(path) for path in modules(*APPS, "tests") if path.read_text().strip() and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_tests_wait_by_looking_never_by_sleeping() -> None:
    """Architecture 2.23: `eventually` of tests/waiting.py is the one wait; sleep(0) only lets others run."""
    sleeping = set()
    for path in modules("tests"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            nothing = isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            if called == "sleep" and not nothing:
                sleeping.add(name(path))
    assert sleeping == set(SLEEP)


@pytest.mark.parametrize("told", [str(ROOT), sys.base_prefix, *REGISTRY_HOSTS])
def test_no_file_tells_where_it_was_made_or_where_packages_come_from(told: str) -> None:
    """Our choice: a path of this machine is true nowhere else; package hosts are the installer's matter."""
    if told in ("/usr", "/usr/local"):
        pytest.skip("the system's own Python: its prefix is everybody's")
    telling = [name(path) for path in files() if told.encode() in path.read_bytes()]
    assert telling == []


def test_no_template_holds_inline_script_or_style() -> None:
    """Architecture 3.6; the content security policy would refuse them."""
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
    found = [name(path) for path in (ROOT / "templates").rglob("*.html") if inline.search(path.read_text())]
    assert found == []
