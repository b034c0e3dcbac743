"""The triggers that keep requester and approvers apart inside the database, whoever writes to it.

They guard requests and the votes on held items of servers, with the same refusals on both databases. SQLite
checks every trigger when a table is renamed, which is how a migration rebuilds one: there they are made after each
migrate, and dropped before the next.
"""

# ruff: noqa: S608  Every part of these statements is a constant of this module.

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

REQUESTS: Final = "registry_serverrequest"
VOTES: Final = "registry_requestvote"
PARTIES: Final = "registry_requestparty"
ITEMS: Final = "registry_requestitem"
EVENTS: Final = "registry_requestevent"
ITEM_VOTES: Final = "registry_itemvote"
PREFIX: Final = "gatehouse_request_"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a table refuses: on which statements, under which condition in SQL, and the sentence."""

    name: str
    table: str
    events: tuple[str, ...]
    when: str
    message: str


# A vote that counts, in terms of the request NEW.
_COUNTING: Final = f"""FROM {VOTES} v JOIN governance_person p ON p.id = v.person_id
    WHERE v.request_id = NEW.id AND v.round = NEW.round AND v.digest = NEW.manifest_digest AND p.is_active
    AND v.person_id <> NEW.requester_id
    AND NOT EXISTS (SELECT 1 FROM {PARTIES} s WHERE s.request_id = NEW.id AND s.person_id = v.person_id)"""
_BECOMES_APPROVED: Final = "NEW.state = 'approved' AND OLD.state <> 'approved'"
_APPROVED_ITEM: Final = f"SELECT 1 FROM {ITEMS} i WHERE i.request_id = NEW.id AND i.approved"
_GRAVE: Final = f"""(EXISTS ({_APPROVED_ITEM} AND 'destructive' IN (i.intent, i.raised_intent))
    OR EXISTS (SELECT 1 FROM registry_storedfinding f WHERE f.request_id = NEW.id
        AND f.severity IN ('high', 'critical')
        AND (f.kind NOT IN ('tool', 'prompt', 'template', 'instructions', 'resource')
            OR EXISTS ({_APPROVED_ITEM} AND i.kind = f.kind AND i.name = f.name))))"""
_ASKED: Final = f"EXISTS (SELECT 1 FROM {REQUESTS} r WHERE r.id = NEW.request_id AND "
_OF_APPROVED: Final = f"EXISTS (SELECT 1 FROM {REQUESTS} r WHERE r.id = OLD.request_id AND r.state = 'approved')"
_ITEM_OF_VOTE: Final = "EXISTS (SELECT 1 FROM registry_item i"

REFUSALS: Final = (
    Refusal(
        "own_vote",
        VOTES,
        ("INSERT",),
        f"{_ASKED} (r.requester_id = NEW.person_id OR r.requester_id <> NEW.requester_id))",
        "nobody approves their own request",
    ),
    Refusal(
        "served_vote",
        VOTES,
        ("INSERT",),
        f"EXISTS (SELECT 1 FROM {PARTIES} s WHERE s.request_id = NEW.request_id AND s.person_id = NEW.person_id)",
        "nobody approves a request for an agent that acts for them",
    ),
    Refusal(
        "stale_vote",
        VOTES,
        ("INSERT",),
        f"{_ASKED} (r.round <> NEW.round OR r.manifest_digest <> NEW.digest"
        " OR r.state NOT IN ('scanned', 'in-review')))",
        "a vote is for what is under review",
    ),
    Refusal(
        "stranger_vote",
        VOTES,
        ("INSERT",),
        "NOT EXISTS (SELECT 1 FROM governance_person p WHERE p.id = NEW.person_id AND p.is_active) OR (NEW.of_team"
        " AND NOT EXISTS (SELECT 1 FROM governance_person_teams t JOIN"
        f" {REQUESTS} r ON r.team_id = t.team_id WHERE r.id = NEW.request_id AND t.person_id = NEW.person_id))",
        "who votes is active, and who votes for the team is of the team",
    ),
    Refusal("kept_vote", VOTES, ("UPDATE", "DELETE"), "", "votes are append-only"),
    Refusal("kept_event", EVENTS, ("UPDATE", "DELETE"), "", "the thread of a request is append-only"),
    Refusal(
        "kept_party",
        PARTIES,
        ("UPDATE", "DELETE"),
        f"EXISTS (SELECT 1 FROM {REQUESTS} r WHERE r.id = OLD.request_id"
        " AND r.state NOT IN ('draft', 'changes-requested'))",
        "whom a submitted request serves is not forgotten",
    ),
    Refusal("kept_item", ITEMS, ("UPDATE", "DELETE"), _OF_APPROVED, "what was approved is kept"),
    Refusal(
        "born_approved",
        REQUESTS,
        ("INSERT",),
        "NEW.state = 'approved'",
        "a request is approved by votes, not made so",
    ),
    Refusal(
        "final",
        REQUESTS,
        ("UPDATE",),
        "OLD.state IN ('approved', 'denied', 'withdrawn', 'expired') AND NEW.state <> OLD.state",
        "a decided request stays decided",
    ),
    Refusal(
        "same_requester",
        REQUESTS,
        ("UPDATE",),
        "NEW.requester_id <> OLD.requester_id OR NEW.round < OLD.round OR NEW.id <> OLD.id",
        "the requester and the rounds of a request do not change backwards",
    ),
    Refusal(
        "unearned",
        REQUESTS,
        ("UPDATE",),
        f"{_BECOMES_APPROVED} AND ((SELECT count(DISTINCT v.person_id) {_COUNTING}) < NEW.needed OR NEW.needed < 1"
        f" OR NOT EXISTS ({_APPROVED_ITEM}))",
        "an approved request has the votes of its round",
    ),
    Refusal(
        "no_admin",
        REQUESTS,
        ("UPDATE",),
        f"{_BECOMES_APPROVED} AND NOT EXISTS (SELECT 1 {_COUNTING} AND EXISTS (SELECT 1 FROM governance_person_groups m"
        " JOIN auth_group g ON g.id = m.group_id WHERE m.person_id = v.person_id AND g.name = 'security-admin'))",
        "a security administrator is among those who approve",
    ),
    Refusal(
        "no_team",
        REQUESTS,
        ("UPDATE",),
        f"{_BECOMES_APPROVED} AND NEW.needs_team AND NOT EXISTS (SELECT 1 {_COUNTING} AND v.of_team)",
        "somebody of the owning team is among those who approve",
    ),
    Refusal(
        "too_few",
        REQUESTS,
        ("UPDATE",),
        f"{_BECOMES_APPROVED} AND (NEW.needed < 2 OR NOT NEW.needs_team) AND {_GRAVE}",
        "destructive items and high findings take two people, one of the owning team",
    ),
    Refusal(
        "own_item_vote",
        ITEM_VOTES,
        ("INSERT",),
        f"{_ITEM_OF_VOTE} JOIN {REQUESTS} r ON r.server_id = i.server_id WHERE i.id = NEW.item_id AND"
        f" (r.requester_id = NEW.person_id OR EXISTS (SELECT 1 FROM {PARTIES} s"
        " WHERE s.request_id = r.id AND s.person_id = NEW.person_id)))",
        "who asked for a server, or is served by it, approves nothing of it",
    ),
    Refusal(
        "stale_item_vote",
        ITEM_VOTES,
        ("INSERT",),
        f"NOT {_ITEM_OF_VOTE} WHERE i.id = NEW.item_id AND i.seen_digest = NEW.digest AND NEW.digest <> ''"
        " AND i.state IN ('new', 'changed', 'refused'))",
        "a vote is for what a held item is now",
    ),
    Refusal(
        "stranger_item_vote",
        ITEM_VOTES,
        ("INSERT",),
        "NOT EXISTS (SELECT 1 FROM governance_person p WHERE p.id = NEW.person_id AND p.is_active AND ("
        "EXISTS (SELECT 1 FROM governance_person_groups m JOIN auth_group g ON g.id = m.group_id"
        " WHERE m.person_id = p.id AND g.name = 'security-admin')"
        f" OR {_ITEM_OF_VOTE} JOIN registry_server o ON o.id = i.server_id"
        " JOIN governance_person_teams t ON t.team_id = o.team_id WHERE i.id = NEW.item_id AND t.person_id = p.id)))",
        "who votes is a security administrator or of the owning team",
    ),
    Refusal("kept_item_vote", ITEM_VOTES, ("UPDATE",), "", "a vote is not rewritten"),
)
KEPT_TABLES: Final = (VOTES, EVENTS)
TABLES: Final = (REQUESTS, VOTES, PARTIES, ITEMS, EVENTS, ITEM_VOTES)


def _on_postgres() -> dict[str, tuple[str, str]]:
    """The table and the statements by the name of each trigger."""
    made: dict[str, tuple[str, str]] = {}
    for refusal in REFUSALS:
        name = PREFIX + refusal.name
        condition = f"IF {refusal.when} THEN" if refusal.when else "IF TRUE THEN"
        back = "RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;"
        made[name] = (
            refusal.table,
            f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {condition}
            RAISE EXCEPTION '{refusal.message}' USING ERRCODE = 'restrict_violation'; END IF; {back} END $$;
            CREATE TRIGGER {name} BEFORE {" OR ".join(refusal.events)} ON {refusal.table}
            FOR EACH ROW EXECUTE FUNCTION {name}();
            ALTER TABLE {refusal.table} ENABLE ALWAYS TRIGGER {name}""",
        )
    for table in KEPT_TABLES:
        name = f"{PREFIX}{table}_no_truncate"
        made[name] = (
            table,
            f"""CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT
            EXECUTE FUNCTION gatehouse_ledger_refuse(); ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}""",
        )
    return made


def _on_sqlite() -> dict[str, tuple[str, str]]:
    made: dict[str, tuple[str, str]] = {}
    for refusal in REFUSALS:
        for event in refusal.events:
            name = f"{PREFIX}{refusal.name}_{event.lower()}"
            when = f"WHEN {refusal.when}" if refusal.when else ""
            made[name] = (
                refusal.table,
                f"CREATE TRIGGER {name} BEFORE {event} ON {refusal.table} {when}"
                f" BEGIN SELECT RAISE(ABORT, '{refusal.message}'); END",
            )
    for table in KEPT_TABLES:
        name = f"{PREFIX}{table}_no_replace"
        made[name] = (
            table,
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} k WHERE k.id = NEW.id)"
            " BEGIN SELECT RAISE(ABORT, 'what is kept is not replaced'); END",
        )
    return made


def expected(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    """By the name of each trigger that guards this database: its table, and what makes it.

    Of a database that is migrated only so far, those of the tables that it has.
    """
    every = _on_postgres() if connection.vendor == "postgresql" else _on_sqlite()
    there = set(connection.introspection.table_names())
    return {name: made for name, made in every.items() if made[0] in there}


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers that are not there."""
    absent = missing(connection)
    with connection.cursor() as cursor:
        for name, (_, statement) in expected(connection).items():
            if name in absent:
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger of these on SQLite, so that its tables can be rebuilt."""
    with connection.cursor() as cursor:
        for name in sorted(_present(connection)):
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of triggers that should be there and are not, or are switched off."""
    return set(expected(connection)) - _present(connection)


def _present(connection: BaseDatabaseWrapper) -> set[str]:
    question = (
        "SELECT tgname FROM pg_trigger WHERE tgenabled = 'A'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(question)
        return {row[0] for row in cursor.fetchall() if row[0].startswith(PREFIX)}
