"""Requests that no SDK would send: each is answered, none is a defect, and the server goes on."""

from __future__ import annotations

import http.client
import json
import random
import socket
from contextlib import closing, suppress
from typing import Any

import pytest

from bunsui.local.api.serve import ServeSettings
from tests.integration.local.api.serving import ROLE, TOKEN, Server, running

OPERATIONS = """
CreateActivity CreateStateMachine CreateStateMachineAlias DeleteActivity DeleteStateMachine
DeleteStateMachineAlias DeleteStateMachineVersion DescribeActivity DescribeExecution DescribeMapRun
DescribeStateMachine DescribeStateMachineAlias DescribeStateMachineForExecution GetActivityTask
GetExecutionHistory ListActivities ListExecutions ListMapRuns ListStateMachineAliases
ListStateMachineVersions ListStateMachines ListTagsForResource PublishStateMachineVersion RedriveExecution
SendTaskFailure SendTaskHeartbeat SendTaskSuccess StartExecution StartSyncExecution StopExecution
TagResource TestState UntagResource UpdateStateMachine UpdateStateMachineAlias
UpdateMapRun ValidateStateMachineDefinition
""".split()
FIELDS = """
name definition roleArn type stateMachineArn executionArn activityArn mapRunArn resourceArn tags tagKeys input
output taskToken error cause maxResults nextToken reverseOrder includeExecutionData statusFilter redriveFilter
routingConfiguration stateMachineVersionArn stateMachineAliasArn publish severity mock stateName variables
context stateConfiguration inspectionLevel workerName description versionDescription maxConcurrency
toleratedFailureCount toleratedFailurePercentage
""".split()
ARN = "arn:aws:states:us-east-1:123456789012"
PASS = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
VALUES: list[Any] = [
    None, True, 0, -1, 5, 1.5, "", "x", "a b", "LTU=", "{", "{}", "[]", "null", [], [1], [{}], [{"key": 1}],
    [{"key": "k", "value": "v"}], {}, {"result": "1"}, {"result": 1}, {"errorOutput": []}, "STANDARD",
    "EXPRESS",
    f"{ARN}:stateMachine:m", f"{ARN}:stateMachine:m:1", f"{ARN}:stateMachine:m#x", f"{ARN}:execution:m:e",
    f"{ARN}:activity:a", f"{ARN}:mapRun:m/x:y", f"{ARN}:express:m:e:f", "0" * 64, PASS, ROLE,
    '{"Type": "Pass", "End": true}', '{"Type": "Task", "Resource": 1}', "\ud83d\ude00",
    [{"stateMachineVersionArn": f"{ARN}:stateMachine:m:1", "weight": 100}], [{"weight": "x"}], "TRACE",
]  # fmt: skip


GOOD = {"stateMachineArn": f"{ARN}:stateMachine:m", "roleArn": ROLE, "definition": PASS}
TEXTS = [value for value in VALUES if isinstance(value, str)]
FITTING: dict[str, list[Any]] = dict.fromkeys(FIELDS, TEXTS) | {
    "maxResults": [0, 1, 5, -1, 1_001],
    "tags": [[], [{"key": "k", "value": "v"}], [{"key": "k"}]],
    "tagKeys": [[], ["k"]],
    "maxConcurrency": [0, 3, -1],
    "toleratedFailureCount": [0, 3, -1],
    "toleratedFailurePercentage": [0, 12.5, 100, 101, -1],
    "publish": [True, False],
    "reverseOrder": [True, False],
    "includeExecutionData": [True, False],
    "routingConfiguration": [[], [{"stateMachineVersionArn": f"{ARN}:stateMachine:m:1", "weight": 100}]],
    "mock": [{}, {"result": "1"}, {"result": "{"}, {"errorOutput": {"error": "E"}}],
    "stateConfiguration": [
        {},
        {"retrierRetryCount": 1},
        {"retrierRetryCount": -1},
        {"mapItemReaderData": "["},
    ],
    "name": ["m", "q", "a b", "x" * 81],
    "type": ["STANDARD", "EXPRESS", "x"],
    "statusFilter": ["RUNNING", "x"],
    "redriveFilter": ["REDRIVEN", "x"],
    "inspectionLevel": ["INFO", "TRACE", "x"],
    "executionArn": [f"{ARN}:execution:m:e", f"{ARN}:express:m:e:f", "x"],
    "nextToken": ["LTU=", "MQ==", "x"],
}


def post(connection: http.client.HTTPConnection, operation: str, body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "X-Amz-Security-Token": TOKEN}
    connection.request("POST", "/", json.dumps(body).encode(), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def drive(server: Server, count: int, seed: int) -> None:
    chance = random.Random(seed)
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        for _ in range(count):
            operation = chance.choice(OPERATIONS)
            names = chance.sample(FIELDS, chance.randint(0, 12))
            body = GOOD | {name: chance.choice(FITTING.get(name, VALUES)) for name in names}
            if chance.random() < 0.2:
                body[chance.choice(FIELDS)] = chance.choice(VALUES)
            status, answer = post(connection, operation, body)
            assert status in (200, 400), (operation, body, answer)


def prepared(server: Server) -> None:
    definition = {"definition": PASS, "roleArn": ROLE, "name": "m", "publish": True}
    server.states.create_state_machine(**definition)
    server.states.create_activity(name="a")
    server.start(f"{ARN}:stateMachine:m", name="e")


def test_nonsense_is_refused_in_words(settings: ServeSettings) -> None:
    with running(settings) as server:
        prepared(server)
        drive(server, 1_000, seed=4)
        assert server.states.list_state_machines()["stateMachines"]


@pytest.mark.bench
def test_20_000_nonsensical_requests(settings: ServeSettings) -> None:
    with running(settings) as server:
        prepared(server)
        drive(server, 20_000, seed=5)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"A" * 200_000,
    ],
)
def test_broken_connections_do_no_harm(server: Server, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire, suppress(OSError):
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        while wire.recv(4096):
            pass
    assert server.states.list_state_machines()["stateMachines"] == []


def test_a_poller_that_goes_away_takes_no_task(settings: ServeSettings) -> None:
    with running(settings) as server:
        activity = server.states.create_activity(name="work")["activityArn"]
        body = json.dumps({"activityArn": activity}).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Security-Token: {TOKEN}\r\n"
            f"X-Amz-Target: AWSStepFunctions.GetActivityTask\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(head.encode() + body)
        machine = server.machine({"Do": {"Type": "Task", "Resource": activity, "End": True}})
        server.start(machine)
        task: dict[str, Any] = {}
        while not task.get("taskToken"):
            task = server.states.get_activity_task(activityArn=activity)
        server.states.send_task_success(taskToken=task["taskToken"], output="1")
