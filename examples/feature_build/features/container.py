"""Input and output of a container job."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def read_input() -> dict[str, Any]:
    """The document behind `BUNSUI_INPUT`."""
    value: dict[str, Any] = json.loads(Path(os.environ["BUNSUI_INPUT"]).read_text(encoding="utf-8"))
    return value


def write_output(value: object) -> None:
    """Give the job's output."""
    Path(os.environ["BUNSUI_OUTPUT"]).write_text(json.dumps(value), encoding="utf-8")
