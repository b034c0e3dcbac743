"""The part of `apply` that publishes the policy of the file, unless it is the live one already."""

from __future__ import annotations

from governance import policies
from governance.models import Agent, DataRole, Person, Team
from governance.policy.language import parse
from governance.policy.lint import Level, Names, lint
from governance.policy.tree import PolicyError
from governance.rights import Machine
from registry.approved import policy_items
from registry.configuration.values import BadConfiguration, PolicyText
from registry.outcome import Outcome


def write(policy: PolicyText | None, outcome: Outcome, *, scanned: bool) -> None:
    """Publish the text as a new version, unless it is the live one (white space at its end apart).

    Raises BadConfiguration with every problem at its place in the file. Doubts of lint become notes; those about
    items only when every server of the file was `scanned`.
    """
    before = policies.live()
    if policy is None or (before is not None and before.text.rstrip() == policy.text.rstrip()):
        return
    items = tuple(policy_items())
    try:
        version = policies.publish(policy.text, by=Machine.OPERATOR, reason="apply", items=items)
        compiled = policies.checked(policy.text, items=items)
    except PolicyError as refused:
        raise BadConfiguration(tuple(policy.problem(p.line, p.column, p.message) for p in refused.problems)) from None
    if before is None or version.pk != before.pk:
        replaced = f"; it replaces version {before.version}{_size(before.text)}" if before else ""
        outcome.changes.append(f"policy {version.version} published{replaced}")
    if items and not scanned:
        outcome.notes.append(
            "policy: the names in its rules are checked against the tools once the new servers are scanned"
        )
    for doubt in lint(compiled, items if scanned else (), _names()):
        if doubt.level is Level.WARNING:
            outcome.notes.append(str(policy.problem(doubt.line, doubt.column, doubt.message)))


def _size(text: str) -> str:
    try:
        rules = len(parse(text).rules)
    except PolicyError:
        return ""
    return f" ({rules} rule{'' if rules == 1 else 's'})"


def _names() -> Names:
    return Names(
        roles=frozenset(DataRole.objects.values_list("name", flat=True)),
        teams=frozenset(Team.objects.values_list("name", flat=True)),
        people=frozenset(Person.objects.values_list("email", flat=True)),
        agents=frozenset(Agent.objects.values_list("name", flat=True)),
    )
