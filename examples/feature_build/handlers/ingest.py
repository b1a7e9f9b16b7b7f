"""Make events of visitors: who stays long in the evening tends to buy."""

from __future__ import annotations

import random
from typing import Any

from features.calls import count
from features.files import save


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """`events` rows from a seed."""
    count("ingest")
    chance = random.Random(event["seed"])
    rows = [_event(chance, number) for number in range(event["events"])]
    return {"path": save("events", rows), "rows": len(rows)}


def _event(chance: random.Random, number: int) -> dict[str, Any]:
    hour, pages, seconds = chance.randrange(24), chance.randrange(1, 30), chance.randrange(5, 900)
    liking = seconds / 450 + pages / 15 + (0.6 if hour >= 18 else 0.0) - 2.2 + chance.gauss(0, 0.3)
    return {"id": number, "hour": hour, "pages": pages, "seconds": seconds, "label": int(liking > 0)}
