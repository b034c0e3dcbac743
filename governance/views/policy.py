"""The policy pages: the live text with line numbers, its rules in words, and every version. Read only."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from governance.models import PolicyVersion
from governance.views import rule_words
from governance.views.policy_text import readable


def live(request: HttpRequest) -> HttpResponseBase:
    """The version in force."""
    return _page(request, PolicyVersion.objects.filter(live=True).first())


def version(request: HttpRequest, version: int) -> HttpResponseBase:
    """One version, in force or not."""
    found = PolicyVersion.objects.filter(version=version).first()
    if found is None:
        raise Http404
    return _page(request, found)


def _page(request: HttpRequest, found: PolicyVersion | None) -> HttpResponseBase:
    policy = rule_words.read(found.text) if found else None
    text = readable(found.text) if found else ""
    context = {
        "title": "Policy",
        "version": found,
        "readable": policy is not None,
        "lines": text.splitlines(),
        "laid_out": found is not None and text != found.text,
        "rules": [(rule, rule_words.in_words(rule)) for rule in policy.rules] if policy else [],
        "default": rule_words.default_in_words(policy) if policy else "",
        "versions": PolicyVersion.objects.defer("text")[:50],
    }
    return TemplateResponse(request, "governance/policy.html", context)
