"""Faults for this example, to be put into a copy of the folder and taken out again.

python faults.py list | apply NAME | clear
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake: the text that it replaces, by file, and what stands there then."""

    summary: str
    changes: tuple[tuple[str, str, str], ...]


LOCKED = '    if table == "lineitem":\n        raise OSError("lineitem: the export is locked")\n'
LOST = '    rows = [row for row in rows if table != "orders" or int(str(row[0])) % 100]\n'
RENAMED = (
    ("pipeline.yaml", "$jobs.load.path", "$jobs.load_stage.path"),
    ("pipeline.yaml", "  load:\n", "  load_stage:\n"),
)
FAULTS = {
    "lineitem": Fault(
        "the export of lineitem cannot be read",
        (
            (
                "handlers/extract.py",
                "    columns = TABLES[table]\n",
                LOCKED + "    columns = TABLES[table]\n",
            ),
        ),
    ),
    "orphans": Fault(
        "every hundredth order is lost, and checks finds lines without one",
        (
            (
                "handlers/extract.py",
                "    print(f",
                LOST + "    print(f",
            ),
        ),
    ),
    "warning": Fault(
        "what checks finds is only a warning",
        (("pipeline.yaml", "    severity: error\n", "    severity: warning\n"),),
    ),
    "add-q6": Fault(
        "one more question", (("pipeline.yaml", "items: [q1, q3, q5]\n", "items: [q1, q3, q5, q6]\n"),)
    ),
    "drop-q5": Fault("one question less", (("pipeline.yaml", "items: [q1, q3, q5]\n", "items: [q1, q3]\n"),)),
    "rename": Fault("load is called load_stage", RENAMED),
    "rename-told": Fault(
        "load is called load_stage, and the definition says so",
        (*RENAMED, ("pipeline.yaml", "  load_stage:\n", "  load_stage:\n    renamed_from: load\n")),
    ),
}


def apply(name: str) -> None:
    """Put one fault in; one that is in stays in."""
    for file, before, after in FAULTS[name].changes:
        path = HERE / file
        text = path.read_text(encoding="utf-8")
        if after not in text and before not in text:
            raise SystemExit(f"{file} has changed: the fault {name} does not fit any more")
        if after not in text:
            path.write_text(text.replace(before, after), encoding="utf-8")


def clear() -> None:
    """Take all faults out."""
    for fault in reversed(FAULTS.values()):
        for file, before, after in reversed(fault.changes):
            path = HERE / file
            text = path.read_text(encoding="utf-8")
            if after in text:
                path.write_text(text.replace(after, before), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Carry out one command; the exit status."""
    match arguments:
        case ["list"]:
            for name, fault in FAULTS.items():
                print(f"{name:12} {fault.summary}")
        case ["apply", name] if name in FAULTS:
            apply(name)
        case ["clear"]:
            clear()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
