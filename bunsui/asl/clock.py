"""Times as Step Functions writes and reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def iso(at: float) -> str:
    """Epoch seconds as ``2016-03-14T01:59:00.123Z``."""
    moment = _EPOCH + timedelta(milliseconds=round(at * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_timestamp(text: object) -> float | None:
    """Epoch seconds of an ISO-8601 date-time with offset (capital T and Z), None where it is none."""
    nanoseconds = parse_nanoseconds(text)
    return None if nanoseconds is None else nanoseconds / 1_000_000_000


def parse_nanoseconds(text: object) -> int | None:
    """The same in nanoseconds: a float cannot tell the times of one microsecond apart."""
    match = _TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    *parts, fraction, zone = match.groups()
    try:
        moment = datetime(*(int(part) for part in parts), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    offset = 0
    if zone != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[4:])) * (-60 if zone[0] == "-" else 60)
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - offset
    return seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
