from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.asl import test_state as api
from bunsui.asl.validation.model import State, machines
from tests.asl.grammar import answers, definitions, json_values

KEYS = {"status", "output", "error", "cause", "nextState", "inspectionData"}


def mocked(state: State, answer: dict[str, Any]) -> dict[str, Any]:
    """A mock that fits the type of a state, or none where it takes none."""
    if state.type not in ("Task", "Map", "Parallel"):
        return {}
    if "error" in answer:
        return {"mock": {"errorOutput": answer}}
    result = answer["result"] if state.type == "Task" else [answer["result"]]
    return {"mock": {"result": json.dumps(result)}}


@given(definitions(), answers, json_values, st.sampled_from(["INFO", "DEBUG"]))
@settings(max_examples=100)
def test_every_state_of_a_definition_can_be_tested(
    drawn: tuple[dict[str, Any], Any], answer: dict[str, Any], variable: Any, level: str
) -> None:
    definition, input = drawn
    given = {"input": json.dumps(input), "variables": json.dumps({"v": variable}), "inspectionLevel": level}
    for machine in machines(definition, "STANDARD"):
        for state in machine.states.values():
            request = {"stateName": state.name, **given, **mocked(state, answer)}
            found = api.test_state(definition, request)
            assert found.keys() <= KEYS
            assert ("error" in found) == (found["status"] != "SUCCEEDED") or state.type == "Fail"
            assert ("output" in found) == (found["status"] in ("SUCCEEDED", "CAUGHT_ERROR"))
            assert ("inspectionData" in found) == (level == "DEBUG")
            assert json.loads(json.dumps(found)) == found
