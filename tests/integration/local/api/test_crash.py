"""The server is killed while it works: nothing that was answered is lost, and everything ends."""

from __future__ import annotations

import json
import random
import signal
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from tests.acceptance.serving import Served
from tests.integration.local.api.serving import CONFIG, ROLE, until

RESOURCE = "arn:aws:states:::states:startExecution.sync:2"


def client(served: Served) -> Any:
    told = served.environment
    return boto3.client(
        "stepfunctions",
        endpoint_url=told["AWS_ENDPOINT_URL_SFN"],
        region_name="us-east-1",
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="any",
        aws_session_token=told["AWS_SESSION_TOKEN"],
        config=CONFIG,
    )


def machines(states: Any) -> str:
    """A machine that starts another one, which waits for a moment."""
    inner = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 1, "End": True}}}
    made = states.create_state_machine(name="inner", definition=json.dumps(inner), roleArn=ROLE)
    call = {"Type": "Task", "Resource": RESOURCE, "End": True}
    call["Parameters"] = {"StateMachineArn": made["stateMachineArn"], "Input.$": "$"}
    outer = {"StartAt": "Call", "States": {"Call": call}}
    made = states.create_state_machine(name="outer", definition=json.dumps(outer), roleArn=ROLE)
    return str(made["stateMachineArn"])


def start_until_killed(served: Served, machine: str, begun: list[str]) -> None:
    states = client(served)
    try:
        for number in range(10_000):
            given = json.dumps({"n": number})
            name = f"{served.process.pid}-{number}"
            answer = states.start_execution(stateMachineArn=machine, input=given, name=name)
            begun.append(answer["executionArn"])
    except BotoCoreError:
        return


def crash_and_resume(served: Served, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    machine, begun = machines(client(served)), list[str]()
    for _ in range(rounds):
        starting = threading.Thread(target=start_until_killed, args=(served, machine, begun))
        starting.start()
        starting.join(chance.uniform(0.2, 1.5))
        served.end(signal.SIGKILL)
        starting.join()
        served.restart()
    states = client(served)
    assert begun

    def all_ended() -> bool | None:
        running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        return None if running else True

    until(all_ended, seconds=60)
    for arn in begun:
        told = states.describe_execution(executionArn=arn)
        assert told["status"] == "SUCCEEDED", told
        assert json.loads(told["output"])["Output"] == json.loads(told["input"])


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=[pytest.mark.bench, pytest.mark.timeout(900)])])
def test_killed_at_any_moment(data_dir: Path, bunsui_command: Path, rounds: int) -> None:
    served = Served(bunsui_command)
    try:
        crash_and_resume(served, rounds, seed=rounds)
    finally:
        served.end(signal.SIGTERM)
