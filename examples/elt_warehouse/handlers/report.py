"""Put the answers together."""

from __future__ import annotations

from typing import Any

from warehouse.calls import count
from warehouse.files import read_rows, save_json


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Write the report; where it is."""
    count("report")
    report = {
        "rows": {one["table"]: one["rows"] for one in event["tables"]},
        "answers": {one["query"]: list(read_rows(one["path"])) for one in event["answers"]},
    }
    path = save_json("report", report)
    print(f"{len(report['answers'])} answers: {path}")
    return {"path": path}
