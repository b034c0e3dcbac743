"""What an approval demands of one item, as fields of a form. Parses; what may be demanded is said by conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms

from governance.canonical.strict_json import encode
from governance.policy.nodes import json_of, read_nodes
from governance.views.forms import REASON_LENGTH
from registry.conditions import BadCondition, Demand, read_condition

VERDICTS: Final = (
    (Demand.ALLOW.value, "Leave it to the policy"),
    (Demand.ESCALATE.value, "A person decides each call"),
    (Demand.DENY.value, "It may not be called"),
)
LONGEST: Final = 4_000
PLAIN: Final = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


class ConditionForm(forms.Form):
    """A condition of one item. `cleaned_data["condition"]` is what is stored, {} for none."""

    verdict = forms.ChoiceField(label="Calls", choices=VERDICTS, required=False)
    teams = forms.CharField(
        label="Only for teams", required=False, max_length=400, help_text="Names, separated by commas.",
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    roles = forms.CharField(
        label="Only with roles", required=False, max_length=400, help_text="Names of agents' roles, with commas.",
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    constraints = forms.CharField(
        label="Only with such arguments",
        required=False,
        max_length=LONGEST,
        strip=False,
        help_text="As in a policy, YAML or JSON: path: {under: [/srv/notes]}",
        widget=forms.Textarea(attrs={"rows": 2, **PLAIN}),
    )

    def clean(self) -> dict[str, Any]:
        """The four fields as one condition, refused where no rule can be made of it."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            cleaned["condition"] = read_condition(_written(cleaned)).record()
        except BadCondition as error:
            self.add_error("constraints" if cleaned.get("constraints", "").strip() else None, str(error))
        return cleaned


class SavedConditionForm(ConditionForm):
    """The same for an item that is approved already, with the reason for the change."""

    reason = forms.CharField(label="Reason", required=False, max_length=REASON_LENGTH)


def initial_of(condition: Mapping[str, Any]) -> dict[str, Any]:
    """A stored condition as the fields show it."""
    constraints = condition.get("constraints") or {}
    return {
        "verdict": condition.get("verdict", Demand.ALLOW.value),
        "teams": ", ".join(condition.get("teams", [])),
        "roles": ", ".join(condition.get("roles", [])),
        "constraints": json.dumps(constraints, ensure_ascii=False) if constraints else "",
    }


def _written(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "verdict": cleaned.get("verdict") or Demand.ALLOW.value,
        "teams": _names(cleaned.get("teams", "")),
        "roles": _names(cleaned.get("roles", "")),
        "constraints": _constraints(cleaned.get("constraints", "")),
    }


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _constraints(text: str) -> Any:
    """The constraints as an object. Raises BadCondition where the text is none."""
    if not text.strip():
        return {}
    node, problems = read_nodes(text)
    if problems or node is None:
        why = f": line {problems[0].line}: {problems[0].message}" if problems else ""
        raise BadCondition(f"The constraints cannot be read{why}.")
    return json.loads(encode(json_of(node)))
