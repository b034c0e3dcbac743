"""Reads tests/vectors/canonical: files of {"about", "forms": {form: [row, …]}}. Long texts are [[part, times], …]."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "vectors" / "canonical"


def forms(name: str) -> dict[str, list[Any]]:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["forms"]


def rows(name: str) -> list[Any]:
    return [
        pytest.param(row, id=f"{form}-{number}")
        for form, members in forms(name).items()
        for number, row in enumerate(members)
    ]


def text(value: str | list[Any]) -> str:
    return value if isinstance(value, str) else "".join(part * times for part, times in value)
