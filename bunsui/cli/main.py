"""The console script: the fast answers first, then the command line, and the outermost edge of errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bunsui import __version__

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; `--version` imports nothing."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        print(f"bunsui {__version__}")
        return 0
    try:
        from bunsui.cli.app import run
    except KeyboardInterrupt:
        return INTERRUPTED
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
