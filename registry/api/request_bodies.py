"""The bodies of requests about server requests. What is not named is refused, above all who acts and what stands."""

from __future__ import annotations

from functools import partial

from rest_framework import serializers

from governance.api.shell import StrictSerializer
from governance.policy.values import Intent
from registry.comparing import KEPT

# The acts read each value strictly and say what is wrong with it; here only the names are known.
_value = partial(serializers.JSONField, required=False)
_text = partial(serializers.CharField, max_length=4000, required=False, allow_blank=True, default="")
_list = partial(serializers.ListField, required=False, allow_null=True, default=None)
KINDS = [kind.value for kind in KEPT]


class Writing(StrictSerializer):
    """What the requester writes."""

    name = _value()
    transport = _value()
    url = _value()
    command = _value()
    cwd = _value()
    env = _value()
    headers = _value()
    private_address = _value()
    sandbox = _value()
    description = _value()
    team = _value(allow_null=True)
    tags = _value()
    category = _value()
    environment = _value()
    justification = _value()
    data_class = _value()
    agents = _value()
    days = _value(allow_null=True)


class Importing(StrictSerializer):
    """A file that describes servers, as its text."""

    text = serializers.CharField(max_length=60_000, trim_whitespace=False)
    filename = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ItemName(StrictSerializer):
    """One item."""

    kind = serializers.ChoiceField(KINDS)
    name = serializers.CharField(max_length=2000, trim_whitespace=False)


class Raised(ItemName):
    """One item whose intent is raised."""

    intent = serializers.ChoiceField([intent.value for intent in Intent])


class Choosing(StrictSerializer):
    """Which items are wanted."""

    wanted = ItemName(many=True)
    raised = Raised(many=True, required=False, default=list)


class Saying(StrictSerializer):
    """A comment."""

    text = serializers.CharField(max_length=4000)


class Withdrawing(StrictSerializer):
    """A withdrawal."""

    reason = _text()


class TurningDown(StrictSerializer):
    """A denial, or a request for changes."""

    reason = serializers.CharField(max_length=4000)


class Accepting(StrictSerializer):
    """An acceptance: the digest of what was shown, and which secret stands behind which name."""

    shown = serializers.CharField(max_length=80)
    secrets = serializers.DictField(child=serializers.CharField(max_length=200), required=False, default=dict)


class Conditioned(ItemName):
    """The condition of one item."""

    condition = serializers.DictField()


class Approving(StrictSerializer):
    """An approval: the request's `shown` as it was read; without items, conditions and days as the first chose."""

    shown = serializers.CharField(max_length=80)
    # Not `many`, which would let a null pass as an item wherever the list itself may be null.
    items = _list(child=ItemName())
    conditions = _list(child=Conditioned())
    days = serializers.IntegerField(required=False, allow_null=True, default=None)
    reason = _text()
