"""Validates the files named on standard input, one a line, and prints ``PATH<TAB>0|1|2<TAB>ms<TAB>message``.

0 is accepted, 1 refused, 2 could not be read. The message is the first error.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bunsui.asl.validation import validate


def answer(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"{path}\t2\t0\t{error}"
    start = time.perf_counter()
    found = validate(text)
    elapsed = (time.perf_counter() - start) * 1000
    message = str(found.errors[0]).replace("\t", " ").replace("\n", " ") if found.errors else ""
    return f"{path}\t{0 if found.ok else 1}\t{elapsed:.3f}\t{message}"


def main() -> None:
    for line in sys.stdin:
        if line.strip():
            print(answer(line.rstrip("\n")))


if __name__ == "__main__":
    main()
