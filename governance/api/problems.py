"""Errors of the REST API as RFC 9457 problems: one table from exceptions to status, code and title."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from governance import approvals, switches
from governance.models import Escalation, Switch
from governance.rights import NotAllowed
from governance.vault.envelope import NotSealed, VaultLocked

log = logging.getLogger("gatehouse.api")
CONTENT_TYPE: Final = "application/problem+json"


class Problem(Exception):
    """An answer other than success: `code` is a stable word, `detail` one sentence, `more` further members."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.more = status, code, detail, more


NOT_FOUND: Final = (404, "not-found", "There is nothing here that you may see.")
KNOWN: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (approvals.StepUpNeeded, 403, "step-up-required"),
    (approvals.NotYours, 403, "not-yours"),
    (approvals.AlreadyVoted, 409, "already-voted"),
    (switches.AlreadyVoted, 409, "already-voted"),
    (switches.AlreadyReleased, 409, "already-released"),
    (switches.BadScope, 400, "bad-scope"),
    (NotAllowed, 403, "not-allowed"),
    (VaultLocked, 503, "vault-locked"),
    (NotSealed, 503, "vault-locked"),
    (OperationalError, 503, "database-unavailable"),
)
"""Exceptions of the acts; the first that fits, subclasses before their bases."""

OF_FRAMEWORK: Final = {
    400: "malformed",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    415: "unsupported-media-type",
    429: "too-many-requests",
}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The problem document for `error`; None for what nobody foresaw, which ends as a plain 500."""
    problem = _problem(error)
    if problem is None:
        return None
    if problem.status >= 500:
        log.error("%s: %s", problem.code, type(error).__name__)
    body = {
        "type": f"urn:gatehouse:problem:{problem.code}",
        "title": problem.code.replace("-", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **problem.more,
    }
    response = Response(body, status=problem.status, content_type=CONTENT_TYPE)
    if isinstance(error, exceptions.APIException):
        if challenge := getattr(error, "auth_header", None):
            response["WWW-Authenticate"] = challenge
        if wait := getattr(error, "wait", None):
            response["Retry-After"] = f"{wait:.0f}"
    return response


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, (Http404, Escalation.DoesNotExist, Switch.DoesNotExist)):
        return Problem(*NOT_FOUND)
    if isinstance(error, PermissionDenied):
        return Problem(403, "not-allowed", str(error) or "You may not do this.")
    if isinstance(error, exceptions.ValidationError):
        errors = _plain(error.detail)
        return Problem(400, "invalid", f"The request has fields that cannot be used: {_words(errors)}", errors=errors)
    if isinstance(error, exceptions.APIException):
        detail = error.detail if isinstance(error.detail, str) else str(error.default_detail)
        return Problem(error.status_code, OF_FRAMEWORK.get(error.status_code, "refused"), str(detail))
    for kind, status, code in KNOWN:
        if isinstance(error, kind):
            detail = "The database does not answer." if isinstance(error, OperationalError) else str(error)
            return Problem(status, code, detail)
    return None


def _plain(detail: Any) -> Any:
    if isinstance(detail, dict):
        return {str(name): _plain(value) for name, value in detail.items()}
    if isinstance(detail, (list, tuple)):
        return [_plain(value) for value in detail]
    return str(detail)


def _words(errors: Any) -> str:
    if isinstance(errors, dict):
        return "; ".join(f"{name}: {_words(value)}" for name, value in errors.items())
    if isinstance(errors, list):
        return " ".join(_words(value) for value in errors)
    return str(errors)
