"""Items of a server: the approved baseline beside what was last seen."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from governance.models import Person
from registry.models.servers import Server


class ItemState(models.TextChoices):
    """Whether agents may know of an item. Only `approved` items are listed and called."""

    NEW = "new", "Not reviewed"
    APPROVED = "approved", "Approved"
    CHANGED = "changed", "Changed, held"
    MISSING = "missing", "Gone from the server, held"
    REFUSED = "refused", "Refused"


class Item(models.Model):
    """One tool, prompt, resource template or the instructions of a server.

    `approved_*` is the baseline and moves only by a human decision; `seen_*` is what the last scan brought.
    """

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(
        max_length=12, choices=[(k, k) for k in ("tool", "prompt", "template", "instructions", "resource")]
    )
    name = models.CharField(max_length=2000)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.NEW)
    approved_digest = models.CharField(max_length=80, blank=True)
    approved_document = models.TextField(blank=True)
    approved_by = models.CharField(max_length=254, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    seen_digest = models.CharField(max_length=80, blank=True)
    seen_document = models.TextField(blank=True)
    intent = models.CharField(max_length=14, default="unknown")
    intent_reason = models.CharField(max_length=300, blank=True)
    reviewed_intent = models.CharField(max_length=14, blank=True, help_text="A reviewer's word, which goes first.")
    reviewed_intent_digest = models.CharField(max_length=80, blank=True, help_text="The definition it was said of.")
    reviewed_intent_by = models.CharField(max_length=254, blank=True)
    reviewed_intent_at = models.DateTimeField(null=True, blank=True)
    reviewed_intent_reason = models.CharField(max_length=500, blank=True)
    # {} or {"verdict"?, "constraints"?, "teams"?, "roles"?}: what its approval demands beside the policy.
    condition = models.JSONField(default=dict, blank=True)
    condition_by = models.CharField(max_length=254, blank=True)
    returns = models.PositiveIntegerField(default=0, help_text="How often it changed or vanished and came back.")
    last_return_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveIntegerField(default=0)
    late = models.BooleanField(default=False, help_text="Appeared after the server's first approval.")

    class Meta:
        ordering = ["server", "kind", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["server", "kind", "name"], name="one_item_per_name"),
            models.CheckConstraint(
                name="approved_item_has_baseline",
                condition=~models.Q(state="approved") | ~models.Q(approved_digest=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.server}/{self.name}"

    @property
    def effective_intent(self) -> str:
        """What the policy takes it to do at worst: the reviewer's word while it is about the approved form."""
        reviewed = self.reviewed_intent and self.reviewed_intent_digest == self.approved_digest
        return self.reviewed_intent if reviewed else self.intent

    @property
    def effective_intent_reason(self) -> str:
        """Why it is taken to do that."""
        reviewed = self.reviewed_intent and self.reviewed_intent_digest == self.approved_digest
        return self.reviewed_intent_reason if reviewed else self.intent_reason


class ItemVote(models.Model):
    """One person's approval of one definition of a held item, where that takes two people.

    It is removed with the decision, and when it lapses; that it was given stays in the ledger.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="votes")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=80, help_text="Of the definition that was shown.")
    alarms = models.CharField(max_length=80, help_text="Of the open high findings in it.")
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["item", "digest", "person"], name="one_item_vote_each")]

    def __str__(self) -> str:
        return f"{self.person} on {self.item}"
