"""Lambda functions behind the API: called by states, invoked by SDKs, changed while the server runs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bunsui.errors import ConfigError
from bunsui.local.api.functions import project_handlers, read_handlers
from bunsui.local.api.serve import ServeSettings
from tests.integration.local.api.serving import ROLE, TOKEN, Server, running

CODE = """
class TooMany(Exception):
    pass

def handler(event, context):
    if event.get("n", 0) > 3:
        raise TooMany(f"{event['n']} are too many")
    return {"double": event.get("n", 0) * 2}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "numbers_.py").write_text(CODE, encoding="utf-8")
    (folder / "functions.yaml").write_text(
        "double: numbers_:handler\nslow: {handler: 'numbers_:handler', memory: 256, timeout: 5}\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def serving(settings: ServeSettings, project: Path) -> Iterator[Server]:
    with running(replace(settings, functions=project / "functions.yaml")) as found:
        yield found


def invoking(**more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "double", "Payload.$": "$"},
        "End": True,
        **more,
    }


def test_states_call_handlers(serving: Server) -> None:
    direct = "arn:aws:lambda:us-east-1:123456789012:function:double"
    machine = serving.machine(
        {
            "Direct": {"Type": "Task", "Resource": direct, "ResultPath": "$.direct", "Next": "Invoke"},
            "Invoke": invoking(OutputPath="$.Payload"),
        }
    )
    told = serving.ended(serving.start(machine, {"n": 3}))
    assert told["output"] == '{"double":6}'


def test_errors_of_handlers_have_their_class_as_name(serving: Server) -> None:
    caught = [{"ErrorEquals": ["TooMany"], "ResultPath": "$.error", "Next": "Caught"}]
    states = {"Call": invoking(Catch=caught), "Caught": {"Type": "Succeed"}}
    output = json.loads(serving.ended(serving.start(serving.machine(states), {"n": 4}))["output"])
    assert output["error"]["Error"] == "TooMany"
    assert json.loads(output["error"]["Cause"])["errorMessage"] == "4 are too many"


def test_an_unknown_function_says_what_to_do(serving: Server) -> None:
    state = invoking(Parameters={"FunctionName": "none"})
    told = serving.ended(serving.start(serving.machine({"Call": state})))
    assert told["error"] == "Lambda.ResourceNotFoundException"
    assert "--functions" in told["cause"]


def test_sdks_invoke_functions(serving: Server, project: Path) -> None:
    answer = serving.functions.invoke(FunctionName="double", Payload=b'{"n": 2}')
    assert (answer["StatusCode"], json.loads(answer["Payload"].read())) == (200, {"double": 4})
    failed = serving.functions.invoke(FunctionName="double", Payload=b'{"n": 9}')
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorType"] == "TooMany"
    assert serving.functions.invoke(FunctionName="double", InvocationType="DryRun")["StatusCode"] == 204
    assert serving.functions.invoke(FunctionName="double", InvocationType="Event")["StatusCode"] == 202
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        serving.functions.invoke(FunctionName="none")
    changed = CODE.replace("* 2", "* 10")
    (project / "numbers_.py").write_text(changed, encoding="utf-8")
    answer = serving.functions.invoke(FunctionName="double", Payload=b'{"n": 2}')
    assert json.loads(answer["Payload"].read()) == {"double": 20}


def test_a_tested_state_calls_its_function(serving: Server) -> None:
    told = serving.states.test_state(definition=json.dumps(invoking()), roleArn=ROLE, input='{"n": 1}')
    assert json.loads(told["output"])["Payload"] == {"double": 2}


def test_another_endpoint_is_invoked(serving: Server, settings: ServeSettings, tmp_path: Path) -> None:
    other = replace(settings, folder=tmp_path / "other", endpoint=serving.url)
    with running(other) as server:
        # The endpoint wants its token, and gets none: the refusal is the error of the task.
        told = server.ended(server.start(server.machine({"Call": invoking()})))
        assert told["status"] == "FAILED"
        assert "UnrecognizedClientException" in told["cause"]


def test_files_of_functions(tmp_path: Path, project: Path) -> None:
    handlers = read_handlers(project / "functions.yaml")
    assert (handlers["slow"].memory, handlers["slow"].timeout) == (256, 5.0)
    assert handlers["double"].project == project
    for text, message in (
        ("- a", "must map names"),
        ("a: {memory: 1}", "a needs a handler"),
        ("a: {handler: x, color: red}", "a needs a handler"),
        ("a: {handler: x, memory: much}", "a.memory must be a number above 0, not 'much'"),
        ("a: {handler: x, timeout: 0}", "a.timeout must be a number above 0"),
        ("a: {handler: x, env: [A]}", "a.env must map names to texts"),
        ("a: {handler: x, env: {FLAG: true}}", "a.env.FLAG must be text"),
        ("a: {handler: x, env: {VERSION: 1.10}}", "a.env.VERSION must be text"),
        ("a: {handler: x, env: {ACCOUNT: 012345670123}}", "octal, decimal or text"),
    ):
        (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=message):
            read_handlers(tmp_path / "bad.yaml")


def test_variables_are_given_as_they_are_written(tmp_path: Path) -> None:
    text = "a: {handler: x, env: {DAY: 2026-01-01, FLAG: yes, COUNT: 5, AT: 12:30}}"
    (tmp_path / "functions.yaml").write_text(text, encoding="utf-8")
    env = {"DAY": "2026-01-01", "FLAG": "yes", "COUNT": "5", "AT": "12:30"}
    assert read_handlers(tmp_path / "functions.yaml")["a"].env == env


def test_functions_of_a_pipeline(root: Path) -> None:
    handlers = project_handlers(root / "examples" / "taxi_month")
    assert any(handler.handler.startswith("handlers.") for handler in handlers.values())


@pytest.mark.parametrize(
    "headers, status, code",
    [
        ({"X-Amz-Security-Token": TOKEN, "Origin": "https://example.com"}, 403, "AccessDeniedException"),
        ({"X-Amz-Security-Token": TOKEN, "Host": "evil.example.com"}, 403, "AccessDeniedException"),
        ({"X-Amz-Security-Token": "wrong"}, 403, "UnrecognizedClientException"),
        ({}, 403, "UnrecognizedClientException"),
        ({"Authorization": f"Bearer {TOKEN}"}, 200, None),
    ],
)
def test_who_may_call(server: Server, headers: dict[str, str], status: int, code: str | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    fixed = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
    connection.request("POST", "/", b"{}", {**fixed, **headers})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    assert (answer.status, body.get("__type")) == (status, code)
    connection.close()


@pytest.mark.parametrize(
    "target, body, code",
    [
        ("AWSStepFunctions.Nonsense", b"{}", "UnknownOperationException"),
        ("AWSStepFunctions.ListStateMachines", b"[]", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", b"{", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", b'{"maxResults": 5000}', "ValidationException"),
        ("AWSStepFunctions.DescribeStateMachine", b"{}", "ValidationException"),
        ("AWSStepFunctions.DescribeStateMachine", b'{"stateMachineArn": 1}', "SerializationException"),
    ],
)
def test_broken_requests_are_told_apart(server: Server, target: str, body: bytes, code: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", "/", body, {"X-Amz-Target": target, "X-Amz-Security-Token": TOKEN})
    assert json.loads(connection.getresponse().read())["__type"] == code
    connection.close()
