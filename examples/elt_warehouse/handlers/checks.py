"""Check the warehouse before anybody believes it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from warehouse.calls import count
from warehouse.files import attached

ORPHANS = "SELECT count(*) FROM stage.lineitem WHERE orderkey NOT IN (SELECT orderkey FROM stage.orders)"
STAGED = "SELECT sum(price * (100 - discount) / 100) FROM stage.lineitem"
SOLD = "SELECT sum(revenue) FROM facts.sales"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Compare the facts with what was loaded; an error says what is wrong."""
    count("checks")
    with closing(attached(stage=event["stage"], facts=event["facts"])) as connection:
        orphans, staged, sold = (connection.execute(sql).fetchone()[0] for sql in (ORPHANS, STAGED, SOLD))
    if orphans:
        raise ValueError(f"{orphans} order lines have no order")
    if staged != sold:
        raise ValueError(f"revenue of {staged} cents was loaded, the facts have {sold}")
    return {"revenue": sold, "answers": len(event["answers"])}
