"""Text that processes printed: data for people, never for terminals to obey."""

from __future__ import annotations

import re

__all__ = ["clean", "tail"]

_ESCAPE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # operating system commands: titles, links
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)"  # device control and other strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # text that changes direction hides what it says
    "\u200b\u2060-\u2065\u206a-\u206f\ufeff\U000e0000-\U000e007f"  # unseen by people, read by models
    "\u2028\u2029\ufff9-\ufffb\ud800-\udfff]"
)
_CUT = "…"


def clean(text: str | bytes, *, limit: int | None = None) -> str:
    """Text without escape sequences, control and direction characters; lines and tabs stay.

    Bytes are read as UTF-8, what is none becomes U+FFFD. Above `limit` characters it is cut and ends
    with an ellipsis.
    """
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    plain = decoded.replace("\r\n", "\n").replace("\r", "\n")
    plain = _CONTROL.sub("", _ESCAPE.sub("", plain))
    if limit is not None and len(plain) > limit:
        return plain[: limit - 1] + _CUT
    return plain


def tail(data: bytes, *, lines: int, limit: int) -> str:
    """The last lines of a log, cleaned, at most `limit` characters of them."""
    last = clean(data).rstrip("\n").split("\n")[-lines:]
    text = "\n".join(last)
    return text if len(text) <= limit else _CUT + text[len(text) - limit + 1 :]
