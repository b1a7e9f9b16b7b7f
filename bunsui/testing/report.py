"""The coverage of state machines as a table."""

from __future__ import annotations

from collections.abc import Iterator

from bunsui.testing.coverage import Coverage, Covered

_SHOWN = 6


def table(coverage: Coverage) -> Iterator[str]:
    """A header, a line a machine, and the total."""
    rows = [_row(name, one) for name, one in sorted(coverage.machines.items())]
    rows.append(_row("TOTAL", _total(coverage)))
    rows.insert(0, ("machine", "states", "branches", "missing"))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for name, states, branches, missing in rows:
        yield f"{name:<{widths[0]}}  {states:>{widths[1]}}  {branches:>{widths[2]}}  {missing}".rstrip()


def _row(name: str, one: Covered) -> tuple[str, str, str, str]:
    missing = one.missing if name != "TOTAL" else []
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return (
        name,
        _part(len(one.seen_states), len(one.states)),
        _part(len(one.seen_branches), len(one.branches)),
        "; ".join(missing[:_SHOWN]) + more,
    )


def _part(seen: int, all: int) -> str:
    return f"{seen}/{all} {100 * seen // all:3d}%" if all else "-"


def _total(coverage: Coverage) -> Covered:
    total = Covered(frozenset(), frozenset())
    for name, one in coverage.machines.items():
        total.states |= {f"{name} {state}" for state in one.states}
        total.branches |= {(name, f"{branch}") for branch in one.branches}
        total.seen_states |= {f"{name} {state}" for state in one.seen_states}
        total.seen_branches |= {(name, f"{branch}") for branch in one.seen_branches}
    return total
