"""When in the day: hours lie on a circle, so that midnight is next to eleven."""

from __future__ import annotations

import math
from typing import Any

from features.calls import count
from features.container import read_input, write_output
from features.files import read, save

HOURS = 24


def features(row: dict[str, Any]) -> dict[str, Any]:
    """The hour as a point."""
    angle = 2 * math.pi * row["hour"] / HOURS
    return {"id": row["id"], "sine": round(math.sin(angle), 6), "cosine": round(math.cos(angle), 6)}


def main() -> None:
    """Features of both parts."""
    count("feat_b")
    task = read_input()
    write_output({part: save(f"b-{part}", map(features, read(task[part]))) for part in ("train", "test")})


if __name__ == "__main__":
    main()
