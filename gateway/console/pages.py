"""Every page of the console in one table: address, view, method, and the roles that may open it.

Navigation is read off the same table, so what is hidden is forbidden. It calls views and knows no rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponseBase

from gateway.console import home, preferences, snippets
from governance.views import (
    agents,
    calls,
    escalation,
    inbox,
    ledger,
    notices,
    passwords,
    policy,
    second_factor,
    stops,
)
from governance.views.access import ADMIN, APPROVER, AUDITOR, AUTHOR, DEVELOPER, OWNER
from registry.views import (
    catalogue,
    request_import,
    request_progress,
    request_review,
    request_wizard,
    requests,
    server_acts,
    server_scans,
    servers,
    tools,
)

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
    """One link of the navigation; `key` follows `g` on the keyboard. `plain` is what those who only use read."""

    label: str
    page: str
    key: str
    plain: str = ""


MAY_STOP: Final = frozenset({ADMIN, APPROVER})
MAY_RELEASE: Final = frozenset({ADMIN})
POLICY_READERS: Final = frozenset({ADMIN, AUTHOR, APPROVER, AUDITOR})
STOP_READERS: Final = frozenset({ADMIN, APPROVER, AUDITOR})
LEDGER_READERS: Final = frozenset({ADMIN, AUDITOR})
ITEM_APPROVERS: Final = frozenset({ADMIN})
REQUESTERS: Final = frozenset({DEVELOPER, OWNER})
REVIEWERS: Final = frozenset({ADMIN, APPROVER, OWNER})

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
    Page("notices/", "notices", notices.index),
    Page("notices/read/", "notices_read", notices.read, methods=WRITE),
    Page("requests/", "requests", requests.index),
    Page("requests/new/", "request_new", request_wizard.new, REQUESTERS),
    Page("requests/new/draft/", "request_create", request_wizard.create, REQUESTERS, WRITE),
    Page("requests/new/import/", "request_import", request_import.take, REQUESTERS, WRITE),
    Page("requests/<uuid:pk>/", "request", request_review.detail),
    Page("requests/<uuid:pk>/where/", "request_where", request_wizard.where),
    Page("requests/<uuid:pk>/where/save/", "request_where_save", request_wizard.save_where, methods=WRITE),
    Page("requests/<uuid:pk>/scan/", "request_scan", request_progress.show),
    Page("requests/<uuid:pk>/scan/progress/", "request_progress", request_progress.fragment),
    Page("requests/<uuid:pk>/scan/start/", "request_scan_start", request_progress.start, methods=WRITE),
    Page("requests/<uuid:pk>/tools/", "request_tools", request_wizard.tools),
    Page("requests/<uuid:pk>/tools/save/", "request_tools_save", request_wizard.save_tools, methods=WRITE),
    Page("requests/<uuid:pk>/why/", "request_why", request_wizard.why),
    Page("requests/<uuid:pk>/why/save/", "request_why_save", request_wizard.save_why, methods=WRITE),
    Page("requests/<uuid:pk>/comment/", "request_comment", requests.comment, methods=WRITE),
    Page("requests/<uuid:pk>/withdraw/", "request_withdraw", requests.withdraw, methods=WRITE),
    Page("requests/<uuid:pk>/accept/", "request_accept", request_review.accept, frozenset({ADMIN}), WRITE),
    Page("requests/<uuid:pk>/rescan/", "request_rescan", request_review.scan, REVIEWERS, WRITE),
    Page("requests/<uuid:pk>/decide/", "request_decide", request_review.decide, methods=WRITE),
    Page("servers/", "servers", catalogue.index),
    Page("servers/<slug:name>/", "server", servers.detail),
    Page("servers/<slug:name>/approve/", "server_approve", servers.approve, REVIEWERS, WRITE),
    Page("servers/<slug:name>/scan/", "server_scan", server_scans.start, ITEM_APPROVERS, WRITE),
    Page("servers/<slug:name>/scans/<int:pk>/", "server_run", server_scans.show),
    Page("servers/<slug:name>/scans/<int:pk>/progress/", "server_run_progress", server_scans.fragment),
    Page("servers/<slug:name>/stand/", "server_stand", server_acts.stand, ITEM_APPROVERS, WRITE),
    Page("servers/<slug:name>/versions/<int:number>/", "server_version", servers.version),
    Page(
        "servers/<slug:name>/baselines/<int:number>/",
        "server_roll_back",
        server_acts.roll_back,
        ITEM_APPROVERS,
        WRITE,
    ),
    Page("servers/<slug:name>/tools/<int:pk>/", "tool", tools.detail),
    Page("servers/<slug:name>/tools/<int:pk>/intent/", "tool_intent", tools.override, ITEM_APPROVERS, WRITE),
    Page("servers/<slug:name>/tools/<int:pk>/condition/", "tool_condition", tools.condition, ITEM_APPROVERS, WRITE),
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
    ("Work", (Entry("Home", "index", "h"), Entry("Inbox", "inbox", "i"), Entry("Requests", "requests", "r"))),
    (
        "Inventory",
        (
            Entry("Servers", "servers", "s", "Catalog"),
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
