"""The validator against recorded answers of AWS, and against definitions that others published."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bunsui.asl.validation import validate

TEST_VALID_REFUSED = {
    "663207efdc5d": "Credentials without RoleArn, which AWS was recorded to refuse",
    "83e980ad37ab": "a JSONPath state in a JSONata state machine, which AWS was recorded to refuse",
}


def rows(shared: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads((shared / "asl-corpus/manifest.json").read_text(encoding="utf-8"))


def text(shared: Path, row: dict[str, Any]) -> str:
    path: Path = shared / "asl-corpus" / row["file"]
    return path.read_text(encoding="utf-8")


def cases(shared: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((shared / "asl-cases").glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        yield from found if isinstance(found, list) else [found]


def test_published_definitions_are_accepted(shared: Path) -> None:
    refused = [
        row["file"]
        for row in rows(shared)
        if row["file"].startswith("real/") and not validate(text(shared, row)).ok
    ]
    assert refused == []


def test_of_the_valid_test_definitions_only_explained_ones_are_refused(shared: Path) -> None:
    asked = [row for row in rows(shared) if row["file"].startswith("test-valid/")]
    refused = {row["id"] for row in asked if not validate(text(shared, row)).ok}
    assert refused == set(TEST_VALID_REFUSED)


def test_invalid_definitions_are_refused(shared: Path) -> None:
    accepted = [
        row["file"] for row in rows(shared) if row["label"] == "invalid" and validate(text(shared, row)).ok
    ]
    assert accepted == []


def test_definitions_that_ran_on_aws_are_accepted(shared: Path) -> None:
    ran = [case for case in cases(shared) if "api" not in case]
    refused = [
        case["id"] for case in ran if not validate(case["definition"], type=case.get("type", "STANDARD")).ok
    ]
    assert len(ran) > 400
    assert refused == []


def test_verdicts_codes_locations_and_messages_are_those_recorded(shared: Path) -> None:
    asked = [case for case in cases(shared) if case.get("api") == "ValidateStateMachineDefinition"]
    for case in asked:
        answer = validate(case["definition_text"], type=case["type"]).to_json()
        plain = [
            {k: v for k, v in one.items() if k not in ("line", "column")} for one in answer["diagnostics"]
        ]
        assert (answer["result"], plain) == (case["expect"]["result"], case["expect"]["diagnostics"])


def test_what_create_state_machine_refused_is_refused_with_its_words(shared: Path) -> None:
    for case in cases(shared):
        if case.get("api") == "CreateStateMachine":
            first = validate(case["definition_text"], type=case["type"]).errors[0]
            recorded = case["expect"]["message"].replace("__ANY__", "aws").replace("\\\\", "\\")
            assert first.message.rstrip() in recorded


def test_a_definition_takes_less_than_two_milliseconds(shared: Path) -> None:
    texts = [text(shared, row) for row in rows(shared)]
    times = []
    for one in texts:
        start = time.perf_counter()
        validate(one)
        times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.002
