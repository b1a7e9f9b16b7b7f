"""The JSON Schema of pipeline definitions, for editors.

`pipeline.schema.json` beside this module is what `pipeline_schema()` gives; a test keeps them equal, and
`python -m bunsui.core.pipeline.schema` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bunsui.core.models.pipeline import KINDS, Pipeline

__all__ = ["SCHEMA_FILE", "pipeline_schema"]

SCHEMA_FILE = Path(__file__).with_name("pipeline.schema.json")
_MODELS = dict(
    zip(KINDS, ("LambdaOperation", "EcsOperation", "StepFunctionsOperation", "AwsOperation"), strict=True)
)


def pipeline_schema() -> dict[str, Any]:
    """The schema of a document, with the operations as definitions write them."""
    schema = Pipeline.model_json_schema()
    definitions = schema["$defs"]
    for model in _MODELS.values():
        del definitions[model]["properties"]["kind"]
    _write_operations(definitions["Job"])
    _close(schema)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bunsui pipeline",
        "description": "Definition of a bunsui pipeline, version 1",
    }
    return {**schema, **head}


def _write_operations(job: dict[str, Any]) -> None:
    bodies = {kind: {"$ref": f"#/$defs/{model}"} for kind, model in _MODELS.items()}
    job["properties"]["operations"]["items"] = {
        "type": "object",
        "properties": bodies,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    job["properties"] |= bodies
    job["required"] = [key for key in job.get("required", []) if key != "operations"]
    job["oneOf"] = [{"required": [key]} for key in (*KINDS, "operations")]


def _close(part: Any) -> None:
    """Where names must match a pattern, allow no others."""
    if isinstance(part, dict) and "patternProperties" in part:
        part["additionalProperties"] = False
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _close(inner)


def main() -> None:
    """Write the file."""
    SCHEMA_FILE.write_text(json.dumps(pipeline_schema(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
