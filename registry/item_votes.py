"""Approvals of held items that take two people, as a request with such items does: who approved, and who is missing.

A vote is for one definition and the high findings in it. Who may still approve is judged when votes are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.db.models import F

from governance import local_mode, notices
from governance.canonical.strict_json import digest, jcs_document
from governance.models import Person
from governance.policy.values import Intent
from governance.rights import NotAllowed
from registry.apart import require_apart
from registry.models import Item, ItemVote, Server, StoredFinding
from registry.models.requests import SPEAKS_FOR_TEAM
from registry.request_people import ADMIN, emails, is_of_team
from registry.request_states import Quorum, quorum, still_missing
from registry.scan.finding import HOLDING

BATCH: Final = 200


class AlreadyVoted(Exception):
    """This person's approval counts already; somebody else has to add theirs."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How the approval of one item stands that takes two people; `missing` is "" once there are enough."""

    quorum: Quorum
    votes: tuple[ItemVote, ...]
    missing: str

    @property
    def people(self) -> list[str]:
        """Who approved what the item is now."""
        return emails(vote.person for vote in self.votes)

    @property
    def words(self) -> str:
        """The same in one or two sentences."""
        if not self.votes:
            return f"{self.quorum.why} {self.missing}"
        return f"{len(self.votes)} of {self.quorum.needed}: {', '.join(self.people)} approved. {self.missing}".strip()

    def voted(self, person: Person) -> bool:
        """Whether this person's approval counts already."""
        return any(vote.person_id == person.pk for vote in self.votes)


@dataclass(frozen=True, slots=True)
class _Grave:
    """Why an item takes two people, and the digest of the high findings that are open in it."""

    quorum: Quorum
    alarms: str


@dataclass(frozen=True, slots=True)
class _Voter:
    """What the approval of a person who may still give one counts for."""

    admin: bool
    of_team: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of an approval: how each item stands that takes two people, and on which of them it is new."""

    tallies: dict[int, Tally]
    fresh: frozenset[int]


def tallies(server: Server, items: Iterable[Item]) -> dict[int, Tally]:
    """How the approvals stand of those among a server's items that take two people, by primary key."""
    return _counted(server, _grave(server, items))


def cast(server: Server, items: Sequence[Item], *, by: Person, reason: str) -> Cast:
    """Count this person's approval of those items that take two people.

    Under the lock of the server's row. Raises NotAllowed, and AlreadyVoted where nothing comes of the act.
    """
    grave = _grave(server, items)
    alone = len(grave) == len(items)
    if why := why_not(server, by, everything=alone):
        raise NotAllowed(why)
    before = _counted(server, grave)
    fresh = frozenset(pk for pk, tally in before.items() if not tally.voted(by))
    for pks in _batches(fresh):
        # One that no longer counts makes room, so that the same person can look again.
        ItemVote.objects.filter(item__in=pks, person=by).delete()
    rows = [
        ItemVote(item=item, person=by, digest=item.seen_digest, alarms=grave[item.pk].alarms, reason=reason[:500])
        for item in items
        if item.pk in fresh
    ]
    ItemVote.objects.bulk_create(rows, batch_size=BATCH)
    now = _counted(server, grave)
    if grave and alone and not fresh and all(tally.missing for tally in now.values()):
        raise AlreadyVoted("Your approval is counted already; somebody else has to add theirs.")
    return Cast(now, fresh)


def why_not(server: Server, person: Person, *, everything: bool = True) -> str:
    """Why the person may not approve held items of the server, in one sentence; "" when they may.

    `everything`: each of them takes two people, and so may be approved for the team as well.
    """
    if not person.is_active:
        return "Your account is not active."
    if ADMIN in person.console_roles():
        return ""
    if not is_of_team(server, person):
        return f"You may not approve items of a server; this takes the role {ADMIN}."
    if not everything:
        return f"You may not approve items that need no second person of the team; this takes the role {ADMIN}."
    return ""


def adds(person: Person, item: Item, tally: Tally | None, *, admin: bool) -> bool:
    """Whether the approval of this person, who may approve for the server, would bring the item any further."""
    if not item.seen_digest:
        return False
    return admin if tally is None else not (tally.missing and tally.voted(person))


def forget(server: Server, items: Iterable[Item] | None = None) -> None:
    """Let the votes on these items lapse, or on all of the server. Inside a transaction."""
    rows = ItemVote.objects.filter(item__server=server)
    if items is None:
        rows.delete()
        return
    for pks in _batches([item.pk for item in items]):
        rows.filter(item__in=pks).delete()


def forget_outdated(server: Server) -> None:
    """Let the votes lapse on definitions that the server no longer offers so. Inside a scan's transaction."""
    ItemVote.objects.filter(item__server=server).exclude(digest=F("item__seen_digest")).delete()


def tell_others(server: Server, waiting: Sequence[Tally], *, by: Person) -> None:
    """Have those told who could add the approval that is missing."""
    count = len(waiting)
    missing = waiting[0].missing
    what = "1 held item" if count == 1 else f"{count} held items"
    people = Person.objects.filter(is_active=True, groups__name__in=SPEAKS_FOR_TEAM).exclude(pk=by.pk)
    able = _voters(server, people.order_by("pk").distinct().values_list("pk", flat=True))
    notices.tell(
        Person.objects.filter(pk__in=list(able)),
        kind="items.approval",
        about=server.name,
        text=f"{by.email} approved {what} of the server {server.name}. {missing}",
        # Not looked up: a process that serves no console tells people too.
        path=f"/admin/servers/{server.name}/#held",
    )


def _grave(server: Server, items: Iterable[Item]) -> dict[int, _Grave]:
    """The items that take two people: destructive by the worst that is said of them, or with an open high finding.

    None does in local mode, where there is one person, and what they decide is recorded as not separated.
    """
    if local_mode.holds():
        return {}
    severities = [severity.value for severity in HOLDING]
    rows = StoredFinding.objects.filter(server=server, severity__in=severities, accepted_by="")
    alarms: dict[tuple[str, str], list[list[str]]] = {}
    for kind, name, *said in rows.values_list("kind", "name", "rule", "path", "quote"):
        alarms.setdefault((kind, name), []).append(said)
    found = {}
    for item in items:
        held = alarms.get((item.kind, item.name[:2000]), [])
        needs = quorum(intents=[_worst(item)], held_findings=len(held))
        if needs.needed > 1:
            found[item.pk] = _Grave(needs, digest(jcs_document({"findings": sorted(held)})))
    return found


def _counted(server: Server, grave: Mapping[int, _Grave]) -> dict[int, Tally]:
    votes = _votes(grave)
    voters = _voters(server, {vote.person_id for rows in votes.values() for vote in rows})
    team = server.team.name if server.team is not None else ""
    found = {}
    for pk, each in grave.items():
        counting = tuple(vote for vote in votes.get(pk, ()) if vote.person_id in voters and vote.alarms == each.alarms)
        missing = still_missing(
            needed=each.quorum.needed,
            people=len(counting),
            admins=sum(voters[vote.person_id].admin for vote in counting),
            of_team=sum(voters[vote.person_id].of_team for vote in counting),
            team=team if each.quorum.team else "",
        )
        found[pk] = Tally(each.quorum, counting, missing)
    return found


def _worst(item: Item) -> str:
    """A reviewer's word can raise what an item does; alone it lowers nothing that two people decide on."""
    reviewed = item.reviewed_intent if item.reviewed_intent_digest == item.seen_digest else ""
    return Intent.DESTRUCTIVE if Intent.DESTRUCTIVE in (item.intent, reviewed) else item.intent


def _votes(items: Iterable[int]) -> dict[int, list[ItemVote]]:
    """The votes on what each of these items is now, in the order in which they were given."""
    found: dict[int, list[ItemVote]] = {}
    for pks in _batches(items):
        rows = ItemVote.objects.filter(item__in=pks, digest=F("item__seen_digest"))
        for vote in rows.select_related("person").order_by("at", "pk"):
            found.setdefault(vote.item_id, []).append(vote)
    return found


def _voters(server: Server, people: Iterable[int]) -> dict[int, _Voter]:
    """Those of these people whose approval counts now, with what for; whoever asked for the server is none."""
    found = {}
    for person in Person.objects.filter(pk__in=list(people), is_active=True):
        try:
            require_apart(server, person)
        except NotAllowed:
            continue
        voter = _Voter(ADMIN in person.console_roles(), is_of_team(server, person))
        if voter.admin or voter.of_team:
            found[person.pk] = voter
    return found


def _batches(pks: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(pks)
    while batch := list(islice(rest, BATCH)):
        yield batch
