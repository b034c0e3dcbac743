"""Pages for 400, 403, 404 and 500 under the same policy; they need no database, so that they work when it does not."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

PROGRAMS: Final = ("/api/", "/mcp", "/sse/", "/oauth/", "/.well-known/", "/slack/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request could not be understood."""
    return _page(request, 400, "This request could not be understood", "Go back and try again.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: names the missing role and who can give it."""
    roles = tuple(getattr(exception, "roles", ()))
    sentence = "You may not open this page."
    if roles:
        sentence = f"This needs the role {' or '.join(roles)}. A security administrator can give it to you."
    return _page(request, 403, "Not allowed", sentence)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: says nothing about what exists."""
    return _page(request, 404, "Nothing here", "There is nothing at this address, or it is not for you to see.")


def broken(request: HttpRequest) -> HttpResponse:
    """500: says what still holds."""
    sentence = "The console could not make this page. Calls are still judged; none passes unjudged because of this."
    return _page(request, 500, "Something failed", sentence)


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    if request.path.startswith(PROGRAMS):
        problem = {"type": "about:blank", "title": title, "status": status}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    theme = request.COOKIES.get("gatehouse_theme", "")
    context = {
        "title": title,
        "sentence": sentence,
        "status": status,
        "theme": theme if theme in ("light", "dark") else "auto",
    }
    return HttpResponse(render_to_string("error.html", context), status=status)
