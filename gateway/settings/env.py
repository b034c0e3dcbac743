"""The only reader of the process environment: every setting an operator can give, typed.

An empty variable counts as unset (contract section 1).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

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
