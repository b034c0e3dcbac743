"""gatehouse.lock: what is written can be read, equal locks have equal bytes, and wrong ones are refused by place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical.strict_json import digest
from registry.manifest.canonical import Key, Kind
from registry.manifest.lock import MAX_BYTES, Lock, LockError, lock_of, lock_servers, locked, read_lock, write_lock
from tests.registry.manifest.documents import manifest, real_documents, tool

names = st.sampled_from(["a", "files", "z9-", "a-b", "x" * 40])
digests = st.integers(0, 99).map(lambda number: digest(bytes([number])))
keys = st.tuples(st.sampled_from(Kind), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
locks = st.dictionaries(names, st.dictionaries(keys, digests, max_size=5), max_size=4).map(
    lambda servers: lock_servers(locked(name, items) for name, items in servers.items())
)

FILES = manifest({"tools": [{"name": "read"}, {"name": "write"}], "instructions": "Hi", "serverInfo": {"name": "f"}})
LOCK = lock_of({"files": FILES, "clock": manifest(tool())})


@given(locks)
def test_what_is_written_can_be_read_back(lock: Lock) -> None:
    data = write_lock(lock)
    assert read_lock(data) == lock
    assert write_lock(read_lock(data)) == data
    assert data.isascii()
    assert data.endswith(b"}\n")


@given(locks)
def test_the_layout_of_a_file_does_not_matter(lock: Lock) -> None:
    assert read_lock(json.dumps(json.loads(write_lock(lock))).encode()) == lock


@given(st.dictionaries(keys, digests, min_size=1, max_size=6))
def test_the_order_of_items_does_not_matter(items: dict[Key, str]) -> None:
    turned = dict(reversed(items.items()))
    assert write_lock(lock_servers([locked("a", items)])) == write_lock(lock_servers([locked("a", turned)]))


def test_a_lock_holds_the_digests_of_the_manifest() -> None:
    for name, document in real_documents().items():
        whole = manifest(document)
        server = read_lock(write_lock(lock_of({name: whole}))).by_name[name]
        assert (server.manifest, server.held) == (whole.digest, whole.held_digest)
        assert server.digests == {item.key: item.digest for item in whole.items}
        assert not server.against(whole).any


def test_a_lock_tells_what_departs_from_it() -> None:
    now = manifest({"tools": [{"name": "read", "description": "new"}, {"name": "send"}], "instructions": "Hi"})
    difference = LOCK.by_name["files"].against(now)
    assert difference.changed == ((Kind.TOOL, "read"),)
    assert difference.added == ((Kind.TOOL, "send"),)
    assert difference.removed == ((Kind.SERVER_INFO, "serverInfo"), (Kind.TOOL, "write"))
    assert difference.unchanged == ((Kind.INSTRUCTIONS, "instructions"),)


def test_one_line_is_one_item_and_nothing_invisible_stands_in_it() -> None:
    lines = (
        write_lock(lock_servers([locked("a", {(Kind.PROMPT, "x\u200b"): "sha256:" + 64 * "0"})])).decode().splitlines()
    )
    assert '        {"kind": "prompt", "name": "x\\u200b", "digest": "sha256:' + 64 * "0" + '"}' in lines


def edited(change: Callable[[Any], object]) -> bytes:
    document = json.loads(write_lock(LOCK))
    change(document)
    return json.dumps(document).encode()


def files(document: Any) -> Any:
    return document["servers"]["files"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d.pop("version"), "the file: has no version"),
        (lambda d: d.update(version=2), "/version: is not 1"),
        (lambda d: d.update(version=True), "/version: is not 1"),
        (lambda d: d.update(version="1"), "/version: is not 1"),
        (lambda d: d.update(version=1.0), "/version: is not 1"),
        (lambda d: d.update(version=10**30), "/version: is not 1"),
        (lambda d: d.update(serves={}), "/serves: is not known here; did you mean servers?"),
        (lambda d: d.update(servers=[]), "/servers: is not an object"),
        (lambda d: d["servers"].update({"A": files(d)}), "/servers/A: is no server name"),
        (lambda d: d["servers"].update({"gatehouse": files(d)}), "/servers/gatehouse: is no server name"),
        (lambda d: d["servers"].update({"x": 1}), "/servers/x: is not an object"),
        (lambda d: files(d).pop("held"), "/servers/files: has no held"),
        (lambda d: files(d).update(note=1), "/servers/files/note: is not known here"),
        (lambda d: files(d).update(manifest="sha256:" + 64 * "0"), "/servers/files/manifest: is not the digest of"),
        (lambda d: files(d).update(held="sha256:" + 64 * "0"), "/servers/files/held: is not the digest of"),
        (lambda d: files(d).update(held=None), "/servers/files/held: is no digest"),
        (lambda d: files(d).update(items={}), "/servers/files/items: is not a list"),
        (lambda d: files(d)["items"].pop(), "/servers/files/manifest: is not the digest of"),
        (lambda d: files(d)["items"].append(files(d)["items"][0]), "/servers/files/items/4: is the second"),
        (lambda d: files(d)["items"][1].pop("kind"), "/servers/files/items/1: has no kind"),
        (lambda d: files(d)["items"][1].update(kind="gadget"), "/servers/files/items/1/kind: is none of tool, prompt"),
        (lambda d: files(d)["items"][1].update(kind=[]), "/servers/files/items/1/kind: is none of"),
        (lambda d: files(d)["items"][1].update(name=""), "/servers/files/items/1/name: is no text"),
        (lambda d: files(d)["items"][1].update(name="x" * 2001), "/servers/files/items/1/name: is no text"),
        (lambda d: files(d)["items"][1].update(name="\ud800"), "/servers/files/items/1/name: holds half"),
        (
            lambda d: files(d)["items"][1].update(digest="sha256:" + 64 * "F"),
            "/servers/files/items/1/digest: is no dig",
        ),
        (
            lambda d: files(d)["items"][1].update(digest="sha512:" + 64 * "0"),
            "/servers/files/items/1/digest: is no dig",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(change: Callable[[Any], object], problem: str) -> None:
    with pytest.raises(LockError) as refused:
        read_lock(edited(change))
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "1:1: not JSON"),
        (b'{\n  "version": 1,\n  "servers": {,}\n}', "3:15: not JSON"),
        (b'{"version": 1, "servers": {}} x', "1:31: not JSON"),
        (b'{\n "\xff": 1}', "2:3: not UTF-8"),
        (b'\xef\xbb\xbf{"version": 1, "servers": {}}', "1:1: not JSON"),
        (b"[" * 100_000, "1:1: objects and arrays are nested too deeply"),
        (b" " * (MAX_BYTES + 1), "1:1: the file is larger"),
        (b'{"version": 1, "version": 1, "servers": {}}', "/version: stands there twice"),
        (b'{"version": NaN, "servers": {}}', "/version: is not 1"),
        (b"[]", "the file: is not an object"),
    ],
    ids=["empty", "syntax", "more", "bytes", "mark", "deep", "large", "twice", "nan", "list"],
)
def test_what_is_no_lock_is_refused_by_line_and_column_or_path(data: bytes, problem: str) -> None:
    with pytest.raises(LockError) as refused:
        read_lock(data)
    assert str(refused.value).startswith(problem)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_stands_in_a_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(LockError):
        read_lock(data)


@given(locks.filter(lambda lock: lock.servers), st.data())
def test_any_digest_that_is_changed_is_noticed(lock: Lock, data: st.DataObject) -> None:
    """A merge that took one line from here and one from there."""
    text = write_lock(lock).decode()
    places = [place for place in range(len(text)) if text.startswith("sha256:", place)]
    place = data.draw(st.sampled_from(places)) + data.draw(st.integers(7, 70))
    turned = "0" if text[place] != "0" else "1"
    with pytest.raises(LockError, match="is not the digest"):
        read_lock((text[:place] + turned + text[place + 1 :]).encode())
