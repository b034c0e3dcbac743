"""The part of `apply` that publishes the policy of the file, unless it is the live one already."""

from __future__ import annotations

from governance import policies
from governance.models import PolicyVersion
from governance.rights import Machine
from registry.configuration.values import PolicyText
from registry.outcome import Outcome


class Refused(Exception):
    """The policy was not published."""


def write(policy: PolicyText | None, outcome: Outcome) -> None:
    """Publish the text as a new version; one that equals the live text but for white space at its end changes nothing."""
    if policy is None:
        return
    live = PolicyVersion.objects.filter(live=True).first()
    if live is not None and live.text.rstrip() == policy.text.rstrip():
        return
    version = policies.publish(text=policy.text, by=Machine.OPERATOR, reason="apply")
    outcome.changes.append(f"policy {version.version} published")
