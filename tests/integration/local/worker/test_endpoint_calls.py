from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.errors import ConfigError, Unavailable
from bunsui.local.worker import endpoint_calls
from bunsui.local.worker.assignment import Answer
from bunsui.local.worker.aws_services import parse
from bunsui.local.worker.endpoint import Endpoint
from bunsui.local.worker.endpoint_calls import call_endpoint, carried_out

STATES = "arn:aws:states:::"


class StandIn(BaseHTTPRequestHandler):
    """Answers by the operation's name: (status, document), one after the other; the last one stays."""

    answers: ClassVar[dict[str, list[tuple[int, Any]]]] = {}
    seen: ClassVar[list[tuple[str, dict[str, str], Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = (self.headers.get("x-amz-target") or self.path).rpartition(".")[2]
        self.seen.append((operation, {k.lower(): v for k, v in self.headers.items()}, body))
        known = self.answers[operation]
        status, document = known.pop(0) if len(known) > 1 else known[0]
        self.send_response(status)
        self.send_header("x-amzn-requestid", "r-1")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    StandIn.answers.clear()
    StandIn.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


async def call(url: str, resource: str, parameters: dict[str, JsonValue]) -> Answer:
    operation = parse(STATES + resource)
    assert operation is not None
    assert carried_out(operation)
    return await call_endpoint(Endpoint(url, {"AWS_REGION": "eu-central-1"}), operation, parameters)


async def test_a_request_is_signed_and_answered(url: str) -> None:
    StandIn.answers["GetItem"] = [(200, {"Item": {"id": {"S": "1"}}})]
    answer = await call(url, "dynamodb:getItem", {"TableName": "t"})
    assert answer.output == {"Item": {"id": {"S": "1"}}}
    ((_, headers, body),) = StandIn.seen
    assert body == {"TableName": "t"}
    assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert "/eu-central-1/dynamodb/aws4_request" in headers["authorization"]


async def test_small_letters_are_the_services_and_capitals_the_machines(url: str) -> None:
    StandIn.answers["DescribeTasks"] = [(200, {"tasks": [{"taskArn": "a"}], "failures": []})]
    answer = await call(url, "aws-sdk:ecs:describeTasks", {"Cluster": "c", "Tasks": ["a"]})
    assert answer.output == {"Tasks": [{"TaskArn": "a"}], "Failures": []}
    assert StandIn.seen[0][2] == {"cluster": "c", "tasks": ["a"]}


async def test_work_is_followed_to_its_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_calls, "POLL_SECONDS", 0.0)
    StandIn.answers["StartJobRun"] = [(200, {"JobRunId": "jr"})]
    run = {"Id": "jr", "JobRunState": "RUNNING"}
    StandIn.answers["GetJobRun"] = [
        (200, {"JobRun": run}),
        (200, {"JobRun": {**run, "JobRunState": "SUCCEEDED"}}),
    ]
    answer = await call(url, "glue:startJobRun.sync", {"JobName": "load"})
    assert answer.output == {"Id": "jr", "JobRunState": "SUCCEEDED"}
    assert StandIn.seen[1][2] == {"JobName": "load", "RunId": "jr"}


async def test_a_nested_execution_gives_its_output_as_a_value(url: str) -> None:
    StandIn.answers["StartExecution"] = [(200, {"executionArn": "arn:x", "startDate": 1.0})]
    StandIn.answers["DescribeExecution"] = [(200, {"status": "SUCCEEDED", "output": '{"rows": 3}'})]
    answer = await call(url, "states:startExecution.sync:2", {"StateMachineArn": "m", "Input": {"a": 1}})
    assert answer.output == {"Status": "SUCCEEDED", "Output": {"rows": 3}}
    assert StandIn.seen[0][2] == {"stateMachineArn": "m", "input": '{"a":1}'}


async def test_work_that_fails_fails_the_task_with_its_description(url: str) -> None:
    StandIn.answers["StartQueryExecution"] = [(200, {"QueryExecutionId": "q"})]
    state = {"QueryExecution": {"Status": {"State": "FAILED", "StateChangeReason": "syntax"}}}
    StandIn.answers["GetQueryExecution"] = [(200, state)]
    failure = (await call(url, "athena:startQueryExecution.sync", {"QueryString": "x"})).failure
    assert failure is not None
    assert failure.error == "States.TaskFailed"
    assert json.loads(failure.cause) == state


async def test_a_refusal_has_the_services_name(url: str) -> None:
    document = {"__type": "com.amazonaws#ResourceNotFoundException", "message": "no such table"}
    StandIn.answers["GetItem"] = [(400, document)]
    failure = (await call(url, "aws-sdk:dynamodb:getItem", {})).failure
    assert failure is not None
    assert failure.error == "DynamoDb.ResourceNotFoundException"
    assert failure.cause == "no such table (Service: DynamoDb, Status Code: 400, Request ID: r-1)"


async def test_a_foreign_function_is_invoked(url: str) -> None:
    StandIn.answers["/2015-03-31/functions/theirs/invocations"] = [(200, {"rows": 1})]
    answer = await call(url, "lambda:invoke", {"FunctionName": "theirs", "Payload": {"a": 1}})
    assert answer.output == {"ExecutedVersion": "$LATEST", "Payload": {"rows": 1}, "StatusCode": 200}


async def test_a_token_makes_the_answer_wait(url: str) -> None:
    StandIn.answers["SendMessage"] = [(200, {"MessageId": "m"})]
    assert (await call(url, "sqs:sendMessage.waitForTaskToken", {"MessageBody": "x"})).pending


@pytest.mark.parametrize(
    "resource", ["glue:startCrawler.sync", "emr-containers:startJobRun", "lambda:invoke.sync", "s3:getObject"]
)
def test_what_cannot_be_asked_is_known(resource: str) -> None:
    operation = parse(STATES + resource)
    assert operation is None or not carried_out(operation)


async def test_an_endpoint_that_is_not_there_is_told() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9"):
        await call("http://127.0.0.1:9", "dynamodb:getItem", {})
    with pytest.raises(ConfigError, match="no address"):
        Endpoint("localhost", {})
