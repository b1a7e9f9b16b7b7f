"""Text from logs, errors and arguments: data, stripped of what a terminal or a model could obey."""

from __future__ import annotations

from bunsui.core.text import clean
from bunsui.tools.redact import redact_text


def strip(text: str) -> str:
    """Without escape sequences, control and unseen characters; tabs and newlines stay."""
    return clean(text)


def clip(text: str, limit: int) -> str:
    """Stripped, at most `limit` characters, with a mark where something was cut."""
    return clean(text, limit=limit)


def untrusted(text: str, limit: int = 2_000) -> str:
    """Foreign text as a labelled field may hold it: stripped, redacted, capped."""
    return clip(redact_text(clean(text)), limit)


def line(text: str, limit: int = 2_000) -> str:
    """Foreign text as one line."""
    return untrusted(" ".join(clean(text).split("\n")), limit)
