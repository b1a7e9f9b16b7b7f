"""Progress that survives: a job that died goes on from here when it runs again.

Standard library only, Python 3.9 upwards; free to be copied. Every Lambda handler and every container in
Python can import it while bunsui runs it:

    from bunsui_checkpoint import load, save

    done = load("model") or {"epoch": 0, "weights": start}
    for epoch in range(done["epoch"], 10):
        done = {"epoch": epoch + 1, "weights": train(done["weights"])}
        save("model", done)

The folder is `BUNSUI_CHECKPOINTS`: one file per name, JSON, replaced as a whole. A program in another
language does the same: write `NAME.json.tmp`, rename it to `NAME.json`. Larger things may be laid beside
them, in files of the program's own. bunsui hands out another folder when parameters, code or inputs have
changed, and removes it when the work has succeeded.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def save(name: str, value: Any) -> None:
    """Keep a JSON value under a name; on return it is on the disk, and the one before is gone.

    Outside of bunsui nothing is kept. Raises ValueError for a name that is none, TypeError or
    ValueError for a value that is no JSON, OSError where it cannot be written.
    """
    path = _path(name)
    if path is None:
        return
    text = json.dumps(value, allow_nan=False)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    scratch = path + ".tmp"
    with open(scratch, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


def load(name: str, default: Any = None) -> Any:
    """The value that was kept under a name, or `default`. Raises ValueError for a name that is none."""
    path = _path(name)
    if path is None:
        return default
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return default


def _path(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"a checkpoint is named with letters, digits, '_', '-' and '.': not {name!r}")
    folder = os.environ.get("BUNSUI_CHECKPOINTS")
    return os.path.join(folder, name + ".json") if folder else None
