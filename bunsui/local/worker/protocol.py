"""What clients and the worker say to each other: one JSON object per line, on a socket of the owner.

Nothing that matters travels here: requests for work are rows of the database. A client only asks who
is there (`hello`), says that rows are waiting (`wake`), or asks the worker to end (`drain`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import bunsui

LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who answers: its process, the version of its code, and how much it has to do."""

    pid: int
    version: str
    running: int = 0
    draining: bool = False

    @property
    def older(self) -> bool:
        """Whether it runs code older than ours."""
        return order(self.version) < order(bunsui.__version__)


def order(version: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts versions: numbers as numbers, a pre-release before its release."""
    release, plus_or_dev, _ = version.partition(".dev")
    parts = [(int(part), "") if part.isdigit() else (-1, part) for part in release.split(".")]
    return (*parts, (-2, "") if plus_or_dev else (0, ""))


def encode(message: dict[str, str] | Hello) -> bytes:
    """A line."""
    body = asdict(message) if isinstance(message, Hello) else message
    return json.dumps(body).encode() + b"\n"


def request(line: bytes) -> str:
    """The word of a request; empty for what is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    return str(found.get("op", "")) if isinstance(found, dict) else ""


def answer(line: bytes) -> Hello | None:
    """The answer of a worker; None for what is none."""
    try:
        return Hello(**json.loads(line))
    except (ValueError, TypeError):
        return None
