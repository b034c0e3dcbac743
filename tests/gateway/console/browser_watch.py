"""A browser that writes down whatever a page does wrong: policy, console, other origins, overflow, accessibility."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.node.programs import MODULES

AXE = MODULES / "axe-core" / "axe.min.js"
WIDE, NARROW = 1280, 320
HEIGHT = 800
PATIENCE = 15_000
EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
}
# What a theme or a width can change; the markup, which the other rules are about, is the same in every view.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
APPEARANCE = {"type": "rule", "values": [*COLOURS["values"], "target-size", "scrollable-region-focusable"]}
VIEWS = (
    ("light", WIDE, EVERYTHING),
    ("dark", NARROW, APPEARANCE),
    ("dark", WIDE, COLOURS),
    ("light", NARROW, COLOURS),
)[: int(os.environ.get("GATEHOUSE_VIEWS", "2"))]
"""The first two show both themes and both widths; `make proof` looks at all four."""
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) => {
  gatehouseViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
FAULTS = """
() => {
  const faults = [];
  const headings = document.querySelectorAll("main h1").length;
  if (headings !== 1) faults.push(`${headings} headings of the first order`);
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return faults;
  const sticksOut = (one) => one.getBoundingClientRect().right > width + 0.5;
  const named = (one) => `too wide: ${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`;
  return [...faults, ...[...document.querySelectorAll("body *")].filter(sticksOut).slice(0, 5).map(named)];
}
"""
RUN_AXE = """
async (runOnly) => {
  const rules = runOnly.type === "tag" ? { "target-size": { enabled: true } } : {};
  const found = await axe.run(document, { runOnly, rules, preload: false, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`));
}
"""


@dataclass  # Without slots: Playwright keeps its wrapper of a bound method at its object.
class Watch:
    """What went wrong on the pages of one context. `at` is what the browser is looking at now."""

    origin: str
    at: str = ""
    problems: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    requested: set[str] = field(default_factory=set)
    views: list[tuple[str, int, Any]] = field(default_factory=lambda: list(VIEWS))

    def note(self, problem: str) -> None:
        """Write down something wrong with the page at hand."""
        self.problems.append(f"after {self.at}: {problem}")

    def look(self, page: Page, at: str) -> None:
        """Look at the page in the views of this run."""
        self.at = at
        page.wait_for_load_state()  # Without its styles a page is wider than it will be.
        self.views.reverse()  # The next page begins as the last one ended, which spares a change.
        for scheme, width, rules in self.views:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": HEIGHT})
            self.problems += [f"{at} {scheme} {width}: {what}" for what in page.evaluate(FAULTS)]
            if AXE.exists():
                self.violations += [f"{at} {scheme} {width}: {what}" for what in page.evaluate(RUN_AXE, rules)]

    def attach(self, context: BrowserContext) -> None:
        """Listen to everything that happens in a context."""
        context.expose_binding("gatehouseViolation", lambda _, what: self.note(f"policy violation: {what}"))
        context.add_init_script(LISTEN)
        if AXE.exists():
            context.add_init_script(path=AXE)
        context.on("request", self._requested)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.note(f"error in a script: {error.error}"))
        context.on("page", lambda page: page.on("websocket", lambda line: self._reached(line.url)))

    def _requested(self, request: Request) -> None:
        self._reached(request.url)

    def _reached(self, url: str) -> None:
        parts = urlsplit(url)
        self.requested.add(parts.path)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.origin).netloc:
            self.note(f"request to another origin: {url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.note(f"{response.status} for {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # Chromium says of a page that answers 403 or 404 that it failed to load, which is what the page is for.
        about_the_page = message.page is not None and message.location.get("url") == message.page.url
        if message.type == "error" and not (about_the_page and message.text.startswith("Failed to load resource")):
            self.note(f"console: {message.text}")


@contextmanager
def watched(browser: Browser, watch: Watch, *, state: Any = None, script: bool = True) -> Iterator[Page]:
    """A page in a context of its own that `watch` listens to; `state` is what an earlier context stored."""
    # Without motion, so that no colour is looked at on its way to another one.
    context = browser.new_context(
        storage_state=state, java_script_enabled=script, base_url=watch.origin, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    try:
        watch.attach(context)
        yield context.new_page()
    finally:
        context.close()


def sign_in_by_link(page: Page, link: str) -> None:
    """Follow a one-time link and press its button."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Home", level=1).wait_for()
