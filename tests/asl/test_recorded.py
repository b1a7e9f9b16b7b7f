"""The recorded cases: result, cause, order of events, and what every event says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bunsui.asl import Execution, compile_machine
from tests.asl import conformance_adapter as adapter
from tests.asl.matching import match

# What a case's own mocks cannot know: who polled the activity, and the function's name before it was made up.
_NOT_KNOWN = {("ActivityStarted", "workerName"), ("LambdaFunctionScheduled", "resource")}


def _cases(shared: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((shared / "asl-cases").glob("*.json")):
        case = json.loads(path.read_text())
        if "api" not in case:
            yield case


def _outcome(case: dict[str, Any], got: dict[str, Any]) -> list[str]:
    expect = case["expect"]
    wrong = [key for key in ("status", "output") if key in expect and not match(expect[key], got.get(key))]
    wrong += [key for key in ("error", "cause") if expect.get(key) and not match(expect[key], got.get(key))]
    if "event_types" in expect and expect["event_types"] != got["events"]:
        wrong.append("events")
    return wrong


def test_recorded_cases_end_as_they_did_on_aws(shared: Path) -> None:
    wrong = {}
    for case in _cases(shared):
        got = adapter.run(case["definition"], case["input"], case["mocks"], case=case)
        if problems := _outcome(case, got):
            wrong[case["id"]] = problems
    assert not wrong


def test_recorded_events_say_what_they_said_on_aws(shared: Path) -> None:
    wrong = []
    for case in _cases(shared):
        if "event_types" not in case["expect"] or "history" not in case["expect"]:
            continue
        execution = _run(case)
        for expected, event in zip(case["expect"]["history"], execution.history, strict=True):
            wrong += [(case["id"], event.type, key) for key in _differences(expected, event.details)]
    assert not [one for one in wrong if one[1:] not in _NOT_KNOWN]


def _run(case: dict[str, Any]) -> Execution:
    execution = Execution(
        compile_machine(case["definition"], case["type"]), adapter.start_record(case["input"])
    )
    adapter.Driver(execution, case["mocks"], case.get("s3") or {}).run()
    return execution


def _differences(expected: dict[str, Any], details: dict[str, Any]) -> list[str]:
    shown = {key: _decoded(value) for key, value in details.items() if key != "roleArn"}
    wanted = {key: value for key, value in expected.items() if key != "type"}
    keys = sorted(wanted.keys() | shown.keys())
    return [key for key in keys if not match(wanted.get(key, "absent"), shown.get(key, "absent"))]


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _decoded(inner) for key, inner in value.items()}
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


@pytest.mark.parametrize("scenario", ["three_state", "chain_200", "map_1000", "parallel_50", "loop_10000"])
def test_speed_scenarios_give_their_output(shared: Path, scenario: str) -> None:
    spec = json.loads((shared / "bench" / "asl_perf" / f"{scenario}.json").read_text())
    got = adapter.run(spec["definition"], spec["input"], {}, case={"no_events": True})
    assert got["status"] == "SUCCEEDED"
    assert match(spec.get("output", got["output"]), got["output"])
