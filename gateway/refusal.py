"""Every way a call is refused, and the one table of what each looks like. Pure: no Django, no I/O.

The wire says what an agent needs to go on; the ledger holds the rest under the record id.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from governance.policy.values import Action, Status, Verdict


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of refusal is written: `code` None means a result with isError (contract section 5)."""

    status: str
    code: int | None
    http: int = 200


class Refusal(Exception):
    """A call that is not forwarded, or whose result is not passed on. `reason` is one sentence for a person."""

    form: Form = Form("denied", None)
    verdict = "deny"
    sent = False

    def __init__(
        self,
        reason: str,
        *,
        rule: str = "",
        rules: tuple[str, ...] = (),
        retry_after_ms: int | None = None,
        ticket: UUID | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule
        self.rules = rules
        self.retry_after_ms = retry_after_ms
        self.ticket = ticket

    @property
    def status(self) -> str:
        """The ledger's status of a call that ended so."""
        return self.form.status


class Denied(Refusal):
    """A rule, or the default, says no."""

    requestable = True

    @classmethod
    def of(cls, verdict: Verdict) -> Refusal:
        """The refusal that a verdict calls for."""
        if verdict.action is Action.HIDE or verdict.status is Status.HIDDEN:
            return Invisible(verdict.reason, rule=verdict.rule, rules=verdict.rules)
        kind = Limited if verdict.status is Status.LIMITED else cls
        return kind(verdict.reason, rule=verdict.rule, rules=verdict.rules, retry_after_ms=verdict.retry_after_ms)


class Invisible(Refusal):
    """Unknown, unapproved, hidden, or not within the agent's roles: all answer the same."""


class Limited(Refusal):
    """A rate or a limit is used up."""

    form = Form("limited", None)


class Stopped(Refusal):
    """A stop covers this call."""

    form = Form("stopped", None)


class Expired(Refusal):
    """Nobody decided before the deadline."""

    form = Form("expired", None)


class StillWaiting(Refusal):
    """The call waits for a person; nothing was executed. `leg` is how many legs this wait has had."""

    form = Form("waiting", None)
    verdict = "escalate"
    leg = 0


class Cancelled(Refusal):
    """The caller withdrew the call, or its approval was cancelled."""

    form = Form("cancelled", None)


class ConfigurationMoved(Refusal):
    """A stop, a revocation or a new policy arrived between decision and sending; nothing was sent."""

    form = Form("not_sent", None)


class RegistryMoved(ConfigurationMoved):
    """What servers offer changed between decision and sending; nothing was sent, and the call is decided anew."""


class UpstreamFailed(Refusal):
    """The server did not answer as it should. `sent` says whether it may have acted."""

    verdict = "allow"

    def __init__(self, reason: str, *, status: str, sent: bool) -> None:
        super().__init__(reason)
        self.form = Form(status, None)
        self.sent = sent


class Withheld(Refusal):
    """The server answered, and its answer may not be passed on."""

    form = Form("withheld", None)
    verdict = "allow"
    sent = True


class Unavailable(Refusal):
    """Ledger, database, snapshot or vault cannot be relied on now: nothing is forwarded."""

    form = Form("unavailable", 50300)


OWNER_GONE = "No answer came: the process that had this request is gone; its outcome is unknown."


class OutcomeUnknown(Refusal):
    """The request was handed on and nothing came back: it may have been carried out."""

    form = Form("unknown", 50400)
    sent = True


class NotAuthenticated(Refusal):
    """No token, or one that is unknown, expired, revoked or not for this place."""

    form = Form("denied", 40100, 401)


class UnknownServer(Refusal):
    """No such server for this agent."""

    form = Form("denied", 40400, 404)


class Malformed(Refusal):
    """A message that is not what the protocol says; `code` is the revision's own, `rpc_id` its id where it has one."""

    def __init__(self, reason: str, *, code: int, http: int = 400, data: dict[str, object] | None = None) -> None:
        super().__init__(reason)
        self.form = Form("malformed", code, http)
        self.data = data
        self.rpc_id: bytes | None = None
