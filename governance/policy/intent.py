"""Judges the worst that a tool can do from what its manifest says. Pure: no Django, no I/O, no model.

Name, description and schema are claims of the server: what they admit to raises the class. An annotation raises it as
well and never lowers it. How the parts are read and weighed stands in `intents`.
"""

from __future__ import annotations

from collections.abc import Mapping

from governance.canonical.values import JSON
from governance.policy.intents.judging import judge
from governance.policy.values import Intent


def classify(
    name: str,
    description: str | None = None,
    schema: Mapping[str, JSON] | None = None,
    annotations: Mapping[str, JSON] | None = None,
) -> tuple[Intent, str]:
    """The worst that a tool can do, and why in one sentence. The same manifest always gets the same answer."""
    return judge(name, description or "", schema or {}, annotations or {})
