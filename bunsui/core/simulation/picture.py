"""A tree of states as lines of text."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.simulation.trace import Step

MARKS = {"succeeded": "✔", "caught": "↪", "failed": "✘", "aborted": "■", "running": "…"}


def picture(steps: Iterable[Step], begun: float) -> list[str]:
    """One line a step: mark, name, when it began, tries and error. `begun` is the start of the execution."""
    return [
        f"{'  ' * step.depth}{MARKS[step.status]} {step.name}"
        + note(at=step.entered_at - begun, tries=step.tries, error=step.error, cause=step.cause)
        for step in steps
    ]


def note(*, at: float, tries: int, error: str | None, cause: str | None) -> str:
    """What stands behind the name of a step; `at` in seconds from the start of the execution."""
    parts = [f"+{seconds(at)}"] if at else []
    parts += [f"{tries} tries"] if tries > 1 else []
    parts += [f"{error}: {cause}" if cause else error] if error else []
    return f"  ({', '.join(parts)})" if parts else ""


def seconds(value: float) -> str:
    """`1.5s`, `2m`, `3h`, `365d`: the two largest units."""
    if value < 60:
        return f"{value:.3g}s"
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    left, words = round(value), list[str]()
    for name, size in units:
        count, left = divmod(left, size)
        words += [f"{count}{name}"] if count else []
    return " ".join(words[:2])
