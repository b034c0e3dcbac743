"""The console's AdminSite: who gets in, what every page shows, and the guard in front of each page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from gateway.console.badges import badges_of
from gateway.console.pages import BY_NAME, MAY_STOP, NAVIGATION, PAGES, Entry, Page, entry_roles, may_open
from governance.admin import directory
from governance.models import Switch
from governance.views import sign_in
from governance.views.access import RoleRequired, roles_of
from governance.views.factors import is_owed
from governance.views.queue import waiting_for
from registry.views import catalogue

THEMES = ("light", "dark")
Guarded = Callable[..., HttpResponseBase]


class ConsoleSite(AdminSite):
    """One site for every person; each page asks for its own roles."""

    site_header = "Gatehouse"
    site_title = "Gatehouse"
    index_title = "Home"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Every active person may open the console."""
        return bool(request.user.is_active)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the shell shows on every page, the sign-in page included."""
        context: dict[str, Any] = {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "has_permission": self.has_permission(request),
            "is_popup": False,
            "environment": settings.GATEHOUSE_MODE if settings.GATEHOUSE_MODE != "production" else "",
            "theme": theme_of(request),
            "shortcuts": request.COOKIES.get("gatehouse_keys") != "off",
            "stops": list(Switch.objects.filter(released_at__isnull=True)),
        }
        if context["has_permission"] and not is_owed(request):
            waiting = waiting_for(request)
            roles = roles_of(request)
            badges = badges_of(request)
            counts = {"inbox": len(waiting), "requests": badges.requests}
            context |= {
                "waiting_count": len(waiting),
                "soonest": waiting[0] if waiting else None,
                "navigation": _navigation(request, roles, counts),
                "unread": badges.unread,
                "requests_waiting": badges.requests,
                "may_stop": not MAY_STOP.isdisjoint(roles),
            }
        return context

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Sign-in pages, the table's pages, then the stock pages of registered models."""
        entrance = [
            path("login/", self.entrance(sign_in.login), name="login"),
            path("login/code/", self.entrance(sign_in.code), name="login_code"),
            path("login/enrol/", self.entrance(sign_in.enrol), name="login_enrol"),
            path("link/<str:secret>/", self.entrance(sign_in.link), name="sign_in_link"),
            path("logout/", csrf_protect(never_cache(sign_in.sign_out)), name="logout"),
        ]
        pages = [path(page.path, self.guard(page), name=page.name) for page in PAGES]
        stock = [url for url in super().get_urls() if _is_stock_model_page(url)]
        return [*entrance, *pages, *stock]

    def guard(self, page: Page) -> Guarded:
        """`page` behind sign-in, second factor, role and method, with the shell's context added."""

        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                after = request.get_full_path() if page.methods[0] == "GET" else reverse("admin:index")
                return redirect_to_login(after, reverse("admin:login"))
            if request.method not in page.methods:
                return self._wrong_method(request, page)
            if is_owed(request) and not page.settles_second_factor:
                return redirect("admin:second_factor")
            if not may_open(page.roles, roles_of(request)):
                raise RoleRequired(page.roles)
            return self.dressed(request, page.view(request, **kwargs))

        return csrf_protect(never_cache(view))

    def dressed(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response with the shell's context, never stored by a browser."""
        if isinstance(response, SimpleTemplateResponse):
            response.context_data = {**self.each_context(request), **(response.context_data or {})}
        if isinstance(response, HttpResponse):
            patch_cache_control(response, no_store=True)
        return response

    def entrance(self, view: Guarded) -> Guarded:
        """A page in front of the sign-in, with the shell's context."""

        def shown(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            return self.dressed(request, view(request, **kwargs))

        return csrf_protect(never_cache(shown))

    def admin_view(self, view: Guarded, cacheable: bool = False) -> Guarded:
        """The stock pages of registered models, behind the second factor as well."""
        stock = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request) and is_owed(request):
                return redirect("admin:second_factor")
            response: HttpResponseBase = stock(request, *args, **kwargs)
            return response

        return guarded

    def _wrong_method(self, request: HttpRequest, page: Page) -> HttpResponseBase:
        allowed = "opened" if page.methods[0] == "GET" else "sent as a form"
        response = TemplateResponse(
            request, "405.html", {"title": "Not here", "sentence": f"This address can only be {allowed}."}, status=405
        )
        response["Allow"] = ", ".join(page.methods)
        return self.dressed(request, response)


def theme_of(request: HttpRequest) -> str:
    """The stored theme, or `auto`, which follows the system."""
    theme = request.COOKIES.get("gatehouse_theme", "")
    return theme if theme in THEMES else "auto"


def _navigation(request: HttpRequest, roles: frozenset[str], counts: dict[str, int]) -> list[dict[str, Any]]:
    groups = []
    uses_only = roles.isdisjoint(catalogue.STAFF)
    for label, entries in NAVIGATION:
        shown = [
            {
                "label": entry.plain if uses_only and entry.plain else entry.label,
                "url": (url := reverse(f"admin:{entry.page}")),
                "key": entry.key,
                "current": request.path == url
                or (entry.page != "index" and request.path.startswith(_section(entry, url))),
                "count": counts.get(entry.page, 0),
            }
            for entry in entries
            if may_open(entry_roles(entry), roles)
        ]
        if shown:
            groups.append({"label": label, "slug": label.lower(), "entries": shown})
    return groups


def _section(entry: Entry, url: str) -> str:
    """What the addresses of an entry's pages begin with; the stock pages, which have one entry, share theirs."""
    return url if entry.page in BY_NAME else url.rsplit("/", 2)[0] + "/"


def _is_stock_model_page(url: URLPattern | URLResolver) -> bool:
    """The pages of registered models; every other stock page has one of ours in its place, or none."""
    return isinstance(url, URLResolver) or url.name in ("jsi18n", "app_list")


console = ConsoleSite(name="admin")
directory.register(console)
