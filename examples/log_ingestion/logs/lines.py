"""Lines of access logs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

LINE = re.compile(
    r"(?P<host>\S+) \S+ \S+ \[\d\d/\w{3}/\d{4}:(?P<hour>\d\d):[^\]]+\] "
    r'"(?P<method>\S+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) (?P<bytes>\d+)(?: \d+ms)?'
)


class Request(NamedTuple):
    """One request."""

    hour: str
    status: str
    size: int


def requests(lines: Iterable[str]) -> Iterable[Request]:
    """The requests of a log. Raises ValueError with number and text of the first line that is none."""
    for number, line in enumerate(lines, 1):
        found = LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            raise ValueError(f"line {number} is no request: {line[:120]!r}")
        yield Request(found["hour"], found["status"], int(found["bytes"]))
