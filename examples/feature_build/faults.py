"""Put a fault into this copy of the project, and take it out again.

python faults.py list
python faults.py apply NAME
python faults.py clear
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Fault:
    """A change of one file: `before` is replaced by `after`."""

    summary: str
    file: str
    before: str
    after: str


STEP = '        weights = epoch(done["weights"], rows, task["lr"])\n'
FAULTS = {
    "memory": Fault(
        "train needs some 800 MiB in epoch 6: with less than 1024 it is killed and exits with 137",
        "train.py",
        STEP,
        "        if number == 6:\n"
        "            held = bytearray(800 * 1024 * 1024)\n"
        '            held[::4096] = b"1" * len(held[::4096])\n' + STEP,
    ),
    "half-days": Fault(
        "feat_b takes the day to have twelve hours: other features, another model",
        "feat_b.py",
        "HOURS = 24\n",
        "HOURS = 12\n",
    ),
}


def swap(fault: Fault, old: str, new: str) -> None:
    """Replace a text of the fault's file, where it is there."""
    path = HERE / fault.file
    text = path.read_text(encoding="utf-8")
    if old not in text and new not in text:
        raise SystemExit(f"{fault.file} has changed: the fault does not fit any more")
    if new not in text or new in old:
        path.write_text(text.replace(old, new), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Carry out one command; the exit status."""
    match arguments:
        case ["list"]:
            for name, fault in FAULTS.items():
                print(f"{name:12} {fault.summary}")
        case ["apply", name] if name in FAULTS:
            fault = FAULTS[name]
            swap(fault, fault.before, fault.after)
        case ["clear"]:
            for fault in FAULTS.values():
                if fault.after in (HERE / fault.file).read_text(encoding="utf-8"):
                    swap(fault, fault.after, fault.before)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
