"""Template tags of the console: visible text, times, deadlines. They render and read nothing."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.text.visible import visible
from governance.views import marked

register = template.Library()

_LABEL: Final = re.compile("⟦U\\+([0-9A-F]{4,6})⟧")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@register.filter(name="chips")
def visible_chips(text: object) -> SafeString:
    """Hostile text on one line, unseen characters as chips."""
    return marked.chips("" if text is None else str(text))


@register.filter
def chip_lines(text: object) -> SafeString:
    """Hostile text with its line breaks kept; the element around it keeps white space."""
    return marked.chips("" if text is None else str(text), lines=True)


@register.filter
def labelled(text: object) -> SafeString:
    """The same for text in which unseen characters are labels already, as findings and sentences on changes hold it."""
    return marked.chips(_LABEL.sub(lambda label: chr(int(label[1], 16)), "" if text is None else str(text)))


@register.filter(name="visible")
def visible_text(text: object) -> str:
    """Hostile text without markup, for titles and attributes: unseen characters as `⟦U+202E⟧`."""
    return visible("" if text is None else str(text))


@register.simple_tag
def when(at: datetime | None, empty: str = "never") -> SafeString | str:
    """A time element: relative text, exact UTC time as title."""
    if at is None:
        return empty
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S"), relative(at)
    )


@register.simple_tag
def exactly(at: datetime | None, empty: str = "never") -> SafeString | str:
    """A time element that shows the exact UTC time to the second."""
    if at is None:
        return empty
    return format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S"))


@register.simple_tag
def countdown(deadline: datetime) -> SafeString:
    """The time left as the server sees it; the script lets it tick, without script the deadline stands beside it."""
    left = max(0, int((deadline - timezone.now()).total_seconds()))
    level = "urgent" if left < 60 else "soon" if left < 180 else "calm"
    return format_html(
        '<time class="countdown {}" datetime="{}" data-left="{}">{}</time>',
        level,
        deadline.isoformat(),
        left,
        f"{left // 60}:{left % 60:02d}",
    )


def relative(at: datetime) -> str:
    """`3 min ago` or `in 2 h`, in the largest unit that fits, rounded."""
    gap = timezone.now() - at
    size = round(abs(gap).total_seconds())
    if size < 1:
        return "just now"
    seconds, unit = next((s, u) for s, u in UNITS if size >= s)
    amount = f"{round(size / seconds)} {unit}"
    return f"{amount} ago" if gap > timedelta(0) else f"in {amount}"
