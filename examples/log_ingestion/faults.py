"""Put a fault into this copy of the project, and take it out again.

python faults.py list
python faults.py apply NAME
python faults.py clear
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
INCOMING = HERE / "data" / "incoming"
PARSER = HERE / "logs" / "lines.py"
INGEST = HERE / "handlers" / "ingest.py"
NEWER, OLDER = r"(?P<bytes>\d+)(?: \d+ms)?'", r"(?P<bytes>\d+)'"
QUICK = "    print(f\"{event['name']}"
SLOW = "    __import__('time').sleep(0.2)\n" + QUICK


def corrupt(percent: int) -> None:
    """Cut that part of the files short, spread over all of them."""
    paths = sorted(INCOMING.glob("*.log.gz"))
    for path in paths[:: 100 // percent][: len(paths) * percent // 100]:
        path.write_bytes(path.read_bytes()[:100])


def generate(*words: str) -> None:
    """Make files."""
    subprocess.run([sys.executable, str(HERE / "data" / "generate.py"), *words], check=True)


def replace(path: Path, before: str, after: str) -> None:
    """Change a text of the project."""
    text = path.read_text(encoding="utf-8")
    if before not in text and after not in text:
        raise SystemExit(f"{path.name} has changed: the fault does not fit any more")
    path.write_text(text.replace(before, after), encoding="utf-8")


FAULTS: dict[str, tuple[str, Callable[[], None]]] = {
    "corrupt-3": ("3 % of the files are cut short: the map tolerates it", lambda: corrupt(3)),
    "corrupt-10": ("10 % of the files are cut short: more than the map tolerates", lambda: corrupt(10)),
    "old-parser": (
        "the parser does not know the newer format, which one file of eight has",
        lambda: replace(PARSER, NEWER, OLDER),
    ),
    "late-files": ("ten files arrive late", lambda: generate("--late", "10")),
    "slow": ("every file takes a fifth of a second longer", lambda: replace(INGEST, QUICK, SLOW)),
}


def clear() -> None:
    """Take all faults out; late files stay, and files that were cut short come again."""
    if OLDER in PARSER.read_text(encoding="utf-8"):
        replace(PARSER, OLDER, NEWER)
    if SLOW in INGEST.read_text(encoding="utf-8"):
        replace(INGEST, SLOW, QUICK)
    late = len(list(INCOMING.glob("*.log.gz"))) - 200
    for path in _short():
        path.unlink()
    generate("--late", str(max(0, late)))


def _short() -> Iterator[Path]:
    return (path for path in INCOMING.glob("*.log.gz") if path.stat().st_size == 100)


def main(arguments: list[str]) -> int:
    """Carry out one command; the exit status."""
    match arguments:
        case ["list"]:
            for name, (summary, _) in FAULTS.items():
                print(f"{name:12} {summary}")
        case ["apply", name] if name in FAULTS:
            FAULTS[name][1]()
        case ["clear"]:
            clear()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
