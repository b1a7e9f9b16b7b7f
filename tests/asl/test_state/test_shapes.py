"""Mocked results are held against the shapes of API answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.asl import test_state as api
from bunsui.aws.result_shapes import result_shape


def check(resource: str, result: Any, mode: str | None = None) -> str | None:
    """The refusal of a mocked result, if any."""
    state = {"Type": "Task", "Resource": resource, "End": True}
    mock = {"result": json.dumps(result), **({"fieldValidationMode": mode} if mode else {})}
    try:
        api.test_state(state, {"mock": mock}, shapes=result_shape)
    except api.TestStateError as error:
        return error.message.removeprefix("Mock result schema validation error: ")
    return None


LAMBDA = "arn:aws:states:::lambda:invoke"
SDK = "arn:aws:states:::aws-sdk:"
START = "arn:aws:states:::states:startExecution"


@pytest.mark.parametrize(
    "resource, result, refusal",
    [
        (LAMBDA, {"StatusCode": 200, "Payload": {"any": "thing"}, "Unknown": 1}, None),
        (LAMBDA, {"StatusCode": "200"}, "Field 'StatusCode' must be a number"),
        (LAMBDA, [], "The result must be an object"),
        (SDK + "kms:encrypt", {"CiphertextBlob": 123}, "Field 'CiphertextBlob' must be a string"),
        (SDK + "s3:getObject", {"StorageClass": "Papyrus"}, "Field 'StorageClass' is not an expected value"),
        (SDK + "s3:getObject", {"Metadata": {"a": 1}}, "Field 'Metadata' must be a string"),
        (SDK + "s3:listObjectsV2", {"IsTruncated": 1}, "Field 'IsTruncated' must be a boolean"),
        (SDK + "s3:listObjectsV2", {"Contents": [{"Size": "1"}]}, "Field 'Contents.Size' must be a number"),
        (SDK + "cloudwatchlogs:describeLogGroups", {"LogGroups": {}}, "Field 'LogGroups' must be an array"),
        (SDK + "sqs:receiveMessage", None, None),
        (SDK + "nosuch:call", {"a": 1}, None),
        (SDK + "s3:noSuchCall", {"a": 1}, None),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", {"a": 1}, None),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", "anything", None),
    ],
)
def test_fields_have_their_types(resource: str, result: Any, refusal: str | None) -> None:
    assert check(resource, result) == refusal
    assert check(resource, result, "PRESENT") == refusal
    assert check(resource, result, "NONE") is None


def test_only_the_strict_mode_asks_for_required_fields() -> None:
    assert check(START, {}) == "Field 'ExecutionArn' is required"
    assert check(START, {}, "PRESENT") is None
    assert check(START, {"ExecutionArn": "arn", "StartDate": "2030-01-01T00:00:00Z"}) is None
