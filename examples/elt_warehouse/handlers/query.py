"""Ask the warehouse one question."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from warehouse.calls import count
from warehouse.files import attached, save_rows
from warehouse.questions import QUESTIONS


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write the answer; where it is."""
    query = event["query"]
    count("queries", query)
    with closing(attached(dims=event["dims"], facts=event["facts"])) as connection:
        found = connection.execute(QUESTIONS[query])
        columns = [column[0] for column in found.description]
        rows = found.fetchall()
    return {"query": query, "path": save_rows(query, columns, rows), "rows": len(rows)}
