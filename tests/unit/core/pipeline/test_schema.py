"""The JSON Schema for editors says what the loader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bunsui.core.pipeline import load_document, parse_document
from bunsui.core.pipeline.schema import SCHEMA_FILE, pipeline_schema
from bunsui.core.pipeline.shape import check_shape


def test_file_is_what_the_models_give() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == pipeline_schema()


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(pipeline_schema())


def accepts(document: Any) -> bool:
    return jsonschema.Draft202012Validator(pipeline_schema()).is_valid(document)


def test_examples_are_valid(root: Path) -> None:
    for path in sorted(root.glob("examples/*/pipeline.yaml")):
        assert accepts(parse_document(path.read_text(encoding="utf-8")).value), path


@pytest.mark.parametrize(
    "job, valid",
    [
        ("{lambda: {handler: 'h:f'}}", True),
        ("{lambda: {handler: 'h:f'}, timeout: 1h30m}", True),
        ("{operations: [{ecs: {image: i, command: [x]}}]}", True),
        ("{lambda: {handler: 'h:f'}, pool: {db: 2}}", True),
        ("{}", False),
        ("{lamda: {handler: 'h:f'}}", False),
        ("{lambda: {handler: 'h:f'}, ecs: {image: i, command: [x]}}", False),
        ("{lambda: {handler: h}}", False),
        ("{lambda: {handler: 'h:f', memory: '5'}}", False),
        ("{lambda: {handler: 'h:f'}, timeout: soon}", False),
        ("{lambda: {handler: 'h:f'}, pool: {DB: 2}}", False),
        ("{operations: [{lamda: {handler: 'h:f'}}]}", False),
    ],
)
def test_schema_and_loader_agree(job: str, valid: bool) -> None:
    document = parse_document(f"name: p\njobs: {{a: {job}}}\n").value
    pipeline, problems = check_shape(document)
    assert (accepts(document), pipeline is not None and not problems) == (valid, valid)


def test_the_manual_shows_what_works(root: Path) -> None:
    text = (root / "docs" / "pipelines.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    document = parse_document(text)
    assert accepts(document.value)
    assert load_document(document, handlers=False).pipeline.name == "taxi-month"
