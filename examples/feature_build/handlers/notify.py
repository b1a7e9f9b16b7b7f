"""Tell that a model was not good enough."""

from __future__ import annotations

from typing import Any

from features.calls import count


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """A line in the log."""
    count("notify")
    print(f"accuracy {event['accuracy']} is below {event['threshold']}")
    return {"notified": True}
