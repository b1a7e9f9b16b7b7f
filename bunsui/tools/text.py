"""Text from logs, errors and arguments: data, stripped of what a terminal or a model could obey."""

from __future__ import annotations

import re

from bunsui.tools.redact import redact_text

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # operating system commands: titles, links, clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # device control and application strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, with a mark where something was cut."""
    plain = strip(text)
    return plain if len(plain) <= limit else f"{plain[: max(limit - 1, 0)]}…"


def strip(text: str) -> str:
    """Without escape sequences, control and bidirectional characters; tabs and newlines stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def untrusted(text: str, limit: int = 2_000) -> str:
    """Foreign text as a labelled field may hold it: stripped, redacted, capped."""
    return clip(redact_text(strip(text)), limit)


def line(text: str, limit: int = 2_000) -> str:
    """Foreign text as one line."""
    return untrusted(" ".join(text.split("\n")), limit)
