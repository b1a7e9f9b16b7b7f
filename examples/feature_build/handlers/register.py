"""Register a model: a line in the registry, once for every model however often it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from features.calls import count
from features.files import OUT


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The idempotency key tells a repeated call from a new one."""
    count("register")
    key = context.client_context.custom["idempotency_key"]
    entry = {"key": key, "model": Path(event["model"]).name, "accuracy": event["accuracy"]}
    registry = OUT / "registry.jsonl"
    known = registry.read_text(encoding="utf-8").splitlines() if registry.exists() else []
    if entry not in map(json.loads, known):
        with registry.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, sort_keys=True) + "\n")
    return {"registered": entry["model"]}
