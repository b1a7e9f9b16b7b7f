"""Points in time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from bunsui.errors import UsageError

_AGE = re.compile(r"(\d{1,9})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since(text: str, now: datetime) -> datetime:
    """A date, a time (ISO 8601, UTC where it names no zone) or an age such as `90m`, `24h`, `7d`.

    Raises UsageError.
    """
    try:
        if age := _AGE.fullmatch(text.strip().lower()):
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"since: {text[:40]!r} is no time",
            next_steps=["a date 2026-11-22, a time 2026-11-22T08:00Z, or an age 90m, 24h, 7d"],
            details={"field": "since"},
        ) from None
