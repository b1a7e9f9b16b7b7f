"""Judge the model by rows that it has not seen."""

from __future__ import annotations

from typing import Any

from features.calls import count
from features.files import read
from features.model import accuracy


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Its accuracy."""
    count("evaluate")
    (model,) = read(event["model"])
    return {"accuracy": accuracy(model["weights"], read(event["rows"]))}
