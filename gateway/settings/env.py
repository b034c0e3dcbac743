"""The only reader of the process environment: every setting an operator can give, typed.

An empty variable counts as unset (contract section 1).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from governance.egress.ports import Ports, read_ports

MODES = ("demo", "production", "test")
_replaced: dict[str, str | None] = {}


class BadSetting(ValueError):
    """An environment variable has a value that cannot be used; the text says which, why, and what to write."""


def read(name: str, default: str = "") -> str:
    """The value of one variable, or the default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def everything() -> dict[str, str]:
    """Every variable as it was given, for what an operator names by variable; nothing else looks at it."""
    given = {**os.environ, **_replaced}
    return {name: value for name, value in given.items() if value is not None}


def replace(**values: str) -> None:
    """Give variables another value, for a program that decides for itself what they mean to its settings."""
    for name, value in values.items():
        _replaced.setdefault(name, os.environ.get(name))
        os.environ[name] = value


def read_int(name: str, default: int) -> int:
    """A whole number, or BadSetting."""
    value = read(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit():
        raise BadSetting(f"{name}={value!r} is not a whole number; write for example {name}={default}.")
    return int(value)


def read_range(name: str) -> tuple[int, int] | None:
    """`61000` or `61000-61999` as first and last of a range of numbers from 1; None where unset."""
    value = read(name)
    if not value:
        return None
    first, dash, last = value.partition("-")
    ends = (first, last if dash else first)
    numbers = [int(end) for end in ends if end.isascii() and end.isdigit() and len(end) < 10]
    if len(numbers) < 2 or not 1 <= numbers[0] <= numbers[1]:
        raise BadSetting(f"{name}={value!r} is no number from 1 and no range; write for example {name}=61000-61999.")
    return numbers[0], numbers[1]


def read_port_rule(name: str) -> Ports:
    """`default`, `443`, `3000-3999` and their like with commas between; the usual rule where unset."""
    try:
        return read_ports(read(name))
    except ValueError as wrong:
        raise BadSetting(f"{name}: {wrong}.") from None


def mode() -> str:
    """`demo` (the default), `production`, or `test` (set by the test suite)."""
    value = read("GATEHOUSE_MODE", "demo")
    if value not in MODES:
        raise BadSetting(f"GATEHOUSE_MODE={value!r} is unknown; write demo or production.")
    return value


def settings_module() -> str:
    """The settings module for the mode."""
    return f"gateway.settings.{mode()}"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls per so many seconds."""

    calls: int
    seconds: int


def read_rate(name: str) -> Rate | None:
    """`600/1m` as a Rate; None where unset."""
    value = read(name)
    if not value:
        return None
    calls, _, per = value.partition("/")
    units = {"s": 1, "m": 60, "h": 3600}
    if not (calls.isdigit() and per[-1:] in units and per[:-1].isdigit() and int(calls) and int(per[:-1])):
        raise BadSetting(f"{name}={value!r} is not a rate; write for example {name}=600/1m.")
    return Rate(int(calls), int(per[:-1]) * units[per[-1]])


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server that notices are handed to; no host, no mail."""

    host: str = ""
    port: int = 587
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail(url: str) -> Mail:
    """`smtp://user:password@host:587`, with STARTTLS unless `?tls=none`, or `smtps://…`; no mail where unset."""
    if not url:
        return Mail()
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0 or options not in ({}, {"tls": "none"}):
        raise BadSetting(
            "GATEHOUSE_EMAIL_URL is no mail server; write for example smtp://user:password@mail.example.com:587, "
            "smtps://…, or smtp://localhost:25?tls=none."
        )
    implicit = parts.scheme == "smtps"
    return Mail(
        host=parts.hostname,
        port=port or (465 if implicit else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=not implicit and not options,
        tls=implicit,
    )


def database(url: str, data: Path) -> dict[str, object]:
    """Django's DATABASES entry for `postgresql://…` or `sqlite:///path`; SQLite under the data folder by default."""
    if not url:
        return sqlite(data / "gatehouse.sqlite3")
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path)))
    if parts.scheme not in ("postgres", "postgresql"):
        raise BadSetting(f"DATABASE_URL has the scheme {parts.scheme!r}; use postgresql:// or sqlite:///.")
    options: dict[str, object] = dict(parse_qsl(parts.query))
    options.setdefault("connect_timeout", 5)
    durable = "-c synchronous_commit=on"
    options["options"] = f"{options['options']} {durable}" if options.get("options") else durable
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "gatehouse",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def sqlite(path: Path) -> dict[str, object]:
    """A SQLite file in WAL mode whose commits survive power loss."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            " PRAGMA recursive_triggers=ON;",
        },
    }
