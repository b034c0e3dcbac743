"""People, teams and data-plane roles as read-only stock pages; what changes them are the acts, which leave evidence."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from governance.models import DataRole, Person, Team
from governance.templatetags.gatehouse import exactly
from governance.views.access import ADMIN, AUDITOR, has_role


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A stock page that shows and changes nothing; for security administrators and auditors."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """By console role, as every page of the console."""
        return has_role(request, ADMIN, AUDITOR)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return has_role(request, ADMIN, AUDITOR)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Never here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never here."""
        return False

    def get_urls(self) -> list[Any]:
        """The list and the page of one row; histories live in the ledger."""
        kept = ("changelist", "change")
        return [url for url in super().get_urls() if (url.name or "").rpartition("_")[2] in kept]


class PersonAdmin(ReadOnlyAdmin):
    """Who may sign in, with console roles and teams."""

    list_display = ("address", "name", "roles", "team_list", "active")
    list_filter = ("is_active", "groups", "teams")
    search_fields = ("email", "name")
    fields = ("address", "name", "active", "roles", "team_list", "joined", "last_sign_in")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Person]:
        """With roles and teams at hand, so that a list costs three queries."""
        return super().get_queryset(request).prefetch_related("groups", "teams")

    @admin.display(description="E-mail address", ordering="email")
    def address(self, person: Person) -> str:
        """The e-mail address, which is the name people sign in with."""
        return person.email

    @admin.display(description="Active", ordering="is_active")
    def active(self, person: Person) -> str:
        """Whether the person may sign in."""
        return "yes" if person.is_active else "no"

    @admin.display(description="Added")
    def joined(self, person: Person) -> str:
        """When the person was added, as times are shown everywhere."""
        return exactly(person.joined_at)

    @admin.display(description="Last sign-in")
    def last_sign_in(self, person: Person) -> str:
        """When they signed in last."""
        return exactly(person.last_login)

    @admin.display(description="Console roles")
    def roles(self, person: Person) -> str:
        """The console roles by name."""
        return ", ".join(sorted(group.name for group in person.groups.all())) or "none"

    @admin.display(description="Teams")
    def team_list(self, person: Person) -> str:
        """The teams by name."""
        return ", ".join(sorted(team.name for team in person.teams.all())) or "none"


class TeamAdmin(ReadOnlyAdmin):
    """Teams and who is in them."""

    list_display = ("name", "members")
    fields = ("name", "members")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Team]:
        """With the members at hand."""
        return super().get_queryset(request).prefetch_related("people")

    @admin.display(description="Members")
    def members(self, team: Team) -> str:
        """The members by e-mail."""
        return ", ".join(person.email for person in team.people.all()) or "nobody"


class DataRoleAdmin(ReadOnlyAdmin):
    """What the agents of a role may reach."""

    list_display = ("name", "tools", "servers")
    fields = ("name", "tools", "prompts", "resources", "servers")


def register(site: admin.AdminSite) -> None:
    """Put the pages on the console's site."""
    site.register(Person, PersonAdmin)
    site.register(Team, TeamAdmin)
    site.register(DataRole, DataRoleAdmin)
