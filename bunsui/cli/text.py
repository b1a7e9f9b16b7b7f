"""Text for a terminal."""

from __future__ import annotations

from bunsui.tools.text import strip as clean

__all__ = ["clean", "duration", "moment"]


def moment(iso: str | None) -> str:
    """An ISO time as people read it: `2026-11-23 02:15:04`, in UTC."""
    return iso[:19].replace("T", " ") if iso else "-"


def duration(seconds: float | None) -> str:
    """`0.4s`, `12s`, `3m05s`, `2h10m`."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"
