"""What some tests need beside Python, and whether it is on this machine."""

from __future__ import annotations

import os
import shutil

from tests.databases import LOCAL_POSTGRES, LOCAL_REDIS, server_of_this_run
from tests.node.programs import node_problem
from tests.running import postgres_answers, redis_answers

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def chromium_program() -> str:
    """The path of headless Chromium, or ""."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), "")


def missing(need: str) -> str:
    """Why tests with the mark `need` cannot run here, or ""."""
    if need == "postgres":
        return postgres_answers(server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES)
    if need == "redis":
        return redis_answers(os.environ.get("REDIS_URL") or os.environ.get("TEST_REDIS_URL") or LOCAL_REDIS)
    if need == "browser":
        return "" if chromium_program() else f"no browser: none of {', '.join(CHROMIUM)} is installed"
    return node_problem()


NEEDS = ("postgres", "redis", "browser", "node")
