"""The functions ``validate`` and ``test_state`` of the adapter for recorded cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.asl import test_state as under_test
from bunsui.asl.validation import validate as validate_definition
from bunsui.aws.result_shapes import result_shape


def validate(definition_text: str, type: str) -> dict[str, Any]:
    return validate_definition(definition_text, type=type).to_json()


def test_state(definition: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return under_test.test_state(definition, request, shapes=result_shape)
    except under_test.TestStateError as error:
        return {"error_code": error.code, "message": error.message}
