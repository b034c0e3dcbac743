"""Every page of the console in one table: address, view, method, and the roles that may open it.

Navigation is read off the same table, so what is hidden is forbidden. It calls views and knows no rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponseBase

from gateway.console import home, preferences, snippets
from governance.views import agents, calls, escalation, inbox, ledger, passwords, policy, second_factor, stops
from governance.views.access import ADMIN, APPROVER, AUDITOR, AUTHOR
from registry.views import servers

EVERYBODY: Final = frozenset({""})
"""Every active person; the view narrows the rows to what that person may see."""
READ: Final = ("GET", "HEAD")
WRITE: Final = ("POST",)


@dataclass(frozen=True, slots=True)
class Page:
    """One address under /admin/. `methods` is READ or WRITE, never both: a GET cannot change anything."""

    path: str
    name: str
    view: Callable[..., HttpResponseBase]
    roles: frozenset[str] = EVERYBODY
    methods: tuple[str, ...] = READ
    # Reachable while a second factor is still owed: the pages that settle it.
    settles_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the navigation; `key` follows `g` on the keyboard."""

    label: str
    page: str
    key: str


MAY_STOP: Final = frozenset({ADMIN, APPROVER})
MAY_RELEASE: Final = frozenset({ADMIN})
POLICY_READERS: Final = frozenset({ADMIN, AUTHOR, APPROVER, AUDITOR})
STOP_READERS: Final = frozenset({ADMIN, APPROVER, AUDITOR})
LEDGER_READERS: Final = frozenset({ADMIN, AUDITOR})
ITEM_APPROVERS: Final = frozenset({ADMIN})

PAGES: Final = (
    Page("", "index", home.home),
    Page("account/", "account", preferences.account, settles_second_factor=True),
    Page("account/preferences/", "preferences", preferences.save, methods=WRITE, settles_second_factor=True),
    Page("account/password/", "password", passwords.show),
    Page("account/password/set/", "password_set", passwords.put, methods=WRITE),
    Page("account/second-factor/", "second_factor", second_factor.show, settles_second_factor=True),
    Page(
        "account/second-factor/begin/",
        "second_factor_begin",
        second_factor.begin,
        methods=WRITE,
        settles_second_factor=True,
    ),
    Page(
        "account/second-factor/finish/",
        "second_factor_finish",
        second_factor.finish,
        methods=WRITE,
        settles_second_factor=True,
    ),
    Page("account/second-factor/codes/", "second_factor_codes", second_factor.renew_codes, methods=WRITE),
    Page("account/confirm/", "step_up", second_factor.ask, settles_second_factor=True),
    Page("account/confirm/check/", "step_up_check", second_factor.check, methods=WRITE, settles_second_factor=True),
    Page("inbox/", "inbox", inbox.show),
    Page("inbox/list/", "inbox_list", inbox.fragment),
    Page("inbox/<uuid:pk>/", "escalation", escalation.escalation),
    Page("inbox/<uuid:pk>/state/", "escalation_state", escalation.state),
    Page("inbox/<uuid:pk>/decide/", "escalation_decide", escalation.decide, methods=WRITE),
    Page("inbox/<uuid:pk>/reveal/", "escalation_reveal", escalation.reveal, methods=WRITE),
    Page("servers/", "servers", servers.index),
    Page("servers/<slug:name>/", "server", servers.detail),
    Page("servers/<slug:name>/approve/", "server_approve", servers.approve, ITEM_APPROVERS, WRITE),
    Page("servers/<slug:name>/scan/", "server_scan", servers.scan, ITEM_APPROVERS, WRITE),
    Page("agents/", "agents", agents.index),
    Page("agents/<str:name>/", "agent", agents.detail),
    Page("agents/<str:name>/tokens/", "agent_token_issue", snippets.issue, methods=WRITE),
    Page("agents/<str:name>/tokens/<slug:public_id>/", "agent_token", agents.confirm_revoke),
    Page("agents/<str:name>/tokens/<slug:public_id>/revoke/", "agent_token_revoke", agents.revoke, methods=WRITE),
    Page("policy/", "policy", policy.live, POLICY_READERS),
    Page("policy/<int:version>/", "policy_version", policy.version, POLICY_READERS),
    Page("stops/", "stops", stops.index, STOP_READERS),
    Page("stops/confirm/", "stop_confirm", stops.confirm, MAY_STOP, WRITE),
    Page("stops/set/", "stop_set", stops.put, MAY_STOP, WRITE),
    Page("stops/<int:pk>/release/", "stop_release", stops.release, MAY_RELEASE, WRITE),
    Page("calls/", "calls", calls.index),
    Page("calls/<uuid:call>/", "call", calls.detail),
    Page("ledger/", "ledger", ledger.index, LEDGER_READERS),
    Page("ledger/verify/", "ledger_verify", ledger.verify, LEDGER_READERS, WRITE),
    Page("ledger/<str:stream>/", "ledger_stream", ledger.stream, LEDGER_READERS),
    Page("ledger/<str:stream>/<int:seq>/", "ledger_entry", ledger.entry, LEDGER_READERS),
)
BY_NAME: Final = {page.name: page for page in PAGES}

NAVIGATION: Final = (
    ("Work", (Entry("Home", "index", "h"), Entry("Inbox", "inbox", "i"))),
    (
        "Inventory",
        (
            Entry("Servers", "servers", "s"),
            Entry("Agents", "agents", "a"),
            Entry("People", "governance_person_changelist", "e"),
        ),
    ),
    ("Control", (Entry("Policy", "policy", "p"), Entry("Stops", "stops", "t"))),
    ("Evidence", (Entry("Calls", "calls", "c"), Entry("Ledger", "ledger", "l"))),
)


def entry_roles(entry: Entry) -> frozenset[str]:
    """The roles that see a link: those of its page; the stock pages are for those who read the ledger."""
    page = BY_NAME.get(entry.page)
    return page.roles if page is not None else LEDGER_READERS


def may_open(roles_needed: frozenset[str], roles: frozenset[str]) -> bool:
    """Whether somebody with these console roles may open a page that needs `roles_needed`."""
    return roles_needed is EVERYBODY or not roles_needed.isdisjoint(roles)
