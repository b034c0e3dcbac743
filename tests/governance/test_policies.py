"""Publishing a policy."""

from __future__ import annotations

import json

import pytest

from governance import policies
from governance.models import Generation, LedgerEntry, PolicyVersion
from governance.policy.values import Intent, Item, Kind
from governance.rights import Machine, NotAllowed

pytestmark = pytest.mark.django_db

FIRST = """\
version: "1"
rules:
  - {id: read, tool: files/read_file, action: allow, constraints: {path: {under: [/tmp]}}}
tests:
  - {call: {server: files, tool: read_file, arguments: {path: /tmp/a}}, expect: allow}
  - {call: {server: files, tool: read_file, arguments: {path: /etc/passwd}}, expect: deny}
"""
SECOND = FIRST.replace("under: [/tmp]", "under: [/tmp, /home]")


def generation() -> int:
    return Generation.objects.get(part="policy").value


def test_a_policy_that_keeps_its_promises_goes_live() -> None:
    assert policies.live() is None
    before = generation()
    version = policies.publish(FIRST, by=Machine.OPERATOR, reason="first")
    assert policies.live() == version
    assert (version.version, version.text, version.author) == (1, FIRST, "operator")
    assert version.digest == policies.checked(FIRST).digest
    assert generation() == before + 1
    change = json.loads(LedgerEntry.objects.get().text)["change"]
    assert (change["what"], change["before"], change["after"]) == ("published", None, version.digest)


def test_a_second_version_replaces_the_first_and_the_first_stays() -> None:
    first = policies.publish(FIRST, by=Machine.OPERATOR, reason="first")
    second = policies.publish(SECOND, by=Machine.OPERATOR, reason="second")
    assert policies.live() == second
    assert list(PolicyVersion.objects.values_list("version", "live")) == [(2, True), (1, False)]
    assert json.loads(LedgerEntry.objects.order_by("-seq")[0].text)["change"]["before"] == first.digest


def test_a_text_that_decides_alike_makes_no_new_version() -> None:
    first = policies.publish(FIRST, by=Machine.OPERATOR, reason="first")
    before = generation()
    assert policies.publish("# a comment\n" + FIRST, by=Machine.OPERATOR, reason="again") == first
    assert (PolicyVersion.objects.count(), generation()) == (1, before)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty policy"),
        ('version: "1"\nruls: []\n', "2:1"),
        (FIRST.replace("expect: deny", "expect: allow"), "was expected to be allow"),
        (FIRST.replace("under: [/tmp]", "min: 5, max: 3"), "can never match"),
        (
            FIRST.replace("tests:", "  - {id: ask, tool: x, action: escalate, approve: {from: [nosuch]}}\ntests:"),
            "nosuch",
        ),
    ],
)
def test_a_policy_that_does_not_hold_leaves_the_live_one_alone(text, said) -> None:
    first = policies.publish(FIRST, by=Machine.OPERATOR, reason="first")
    before = generation()
    with pytest.raises(policies.PolicyError, match=said):
        policies.publish(text, by=Machine.OPERATOR, reason="broken")
    assert policies.live() == first
    assert (PolicyVersion.objects.count(), generation(), LedgerEntry.objects.count()) == (1, before, 1)


def test_known_items_are_judged_too() -> None:
    schema = {"type": "object", "properties": {"file": {"type": "string"}}}
    item = Item("files", Kind.TOOL, "read_file", Intent.READ, schema=schema)
    with pytest.raises(policies.PolicyError, match="no approved schema has the argument"):
        policies.publish(FIRST, by=Machine.OPERATOR, reason="first", items=[item])


def test_only_policy_authors_publish(make_person) -> None:
    with pytest.raises(NotAllowed):
        policies.publish(FIRST, by=make_person("sec@example.com", "security-admin"), reason="x")
    author = make_person("pa@example.com", "policy-author")
    assert policies.publish(FIRST, by=author, reason="x").author == "pa@example.com"
