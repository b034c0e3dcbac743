"""People, their teams and their console roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone

from governance.workflow.authority import Decider


class ConsoleRole(models.TextChoices):
    """What a person may do in the console; stored as the groups of the same names (contract section 3)."""

    SECURITY_ADMIN = "security-admin", "Security administrator"
    POLICY_AUTHOR = "policy-author", "Policy author"
    APPROVER = "approver", "Approver"
    AUDITOR = "auditor", "Auditor"
    SERVER_OWNER = "server-owner", "Server owner"
    DEVELOPER = "developer", "Developer"


class Team(models.Model):
    """A group of people that owns servers and agents and answers escalations."""

    name = models.SlugField(max_length=80, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Creates people; an e-mail address is compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Create an active person; without a password only a link or single sign-on lets them in."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.full_clean(exclude=["password"])
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Create a person who passes every Django permission check."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Person:
        """Find a person by e-mail address, as sign-in does."""
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in to the console, owns agents and decides escalations."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    teams = models.ManyToManyField(Team, related_name="people", blank=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    class Meta:
        ordering = ["email"]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.email

    @property
    def is_staff(self) -> bool:
        """Django's admin asks for this; every active person may open the console, pages ask for roles."""
        return self.is_active

    def get_full_name(self) -> str:
        """The name shown in the console's header."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """The same name; there is no shorter one."""
        return self.get_full_name()

    def console_roles(self) -> frozenset[str]:
        """The person's console roles by name; an inactive person has none."""
        if not self.is_active:
            return frozenset()
        return frozenset(self.groups.values_list("name", flat=True)) & frozenset(ConsoleRole.values)

    def decider(self) -> Decider:
        """The person as the pure authority sees them; an inactive person holds nothing. Uses prefetched rows."""
        if not self.is_active:
            return Decider(self.email)
        roles = frozenset(group.name for group in self.groups.all()) & frozenset(ConsoleRole.values)
        return Decider(self.email, frozenset(team.name for team in self.teams.all()), roles)

    def team_names(self) -> frozenset[str]:
        """The names of the person's teams."""
        return frozenset(self.teams.values_list("name", flat=True))


class SignInLink(models.Model):
    """A link that signs one person in once (demo mode only); only its digest is stored."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.person}"
