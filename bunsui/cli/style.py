"""Colour, only where it may be shown. Eight colours, so that every theme stays readable."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
STATUS_COLORS = {
    "succeeded": "green",
    "reused": "cyan",
    "running": "blue",
    "queued": "blue",
    "waiting": "yellow",
    "waiting_approval": "yellow",
    "paused": "yellow",
    "failed": "red",
    "lost": "red",
    "timed_out": "red",
    "stopped": "yellow",
    "upstream_failed": "yellow",
    "skipped": "dim",
    "pending": "dim",
    "created": "dim",
    "run": "green",
    "reuse": "cyan",
    "stale": "yellow",
    "blocked": "red",
    "removed": "dim",
}


@dataclass(frozen=True, slots=True)
class Style:
    """Paints words, or leaves them alone when `on` is false."""

    on: bool

    def paint(self, text: str, color: str) -> str:
        """The text in one of the colours."""
        return f"\x1b[{_CODES[color]}m{text}\x1b[0m" if self.on and text else text

    def dim(self, text: str) -> str:
        """What is there but need not be read."""
        return self.paint(text, "dim")

    def bold(self, text: str) -> str:
        """A heading."""
        return self.paint(text, "bold")

    def status(self, word: str) -> str:
        """A status or action word in its colour; any other word as it is."""
        color = STATUS_COLORS.get(word.strip())
        return self.paint(word, color) if color else word
