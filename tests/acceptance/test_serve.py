"""`bunsui local serve` as a process, driven by the AWS command line."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.serving import AWS, Served

ROLE = "arn:aws:iam::123456789012:role/test"


@pytest.fixture
def served(data_dir: Path, bunsui_command: Path) -> Iterator[Served]:
    found = Served(bunsui_command)
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGTERM)


@pytest.mark.skipif(not AWS.exists(), reason="the AWS command line (awscli) is not installed beside Python")
@pytest.mark.timeout(180)
def test_the_aws_command_line_drives_it_across_a_crash(served: Served) -> None:
    definition = {
        "StartAt": "Do",
        "States": {"Do": {"Type": "Task", "Resource": "ACTIVITY", "TimeoutSeconds": 600, "End": True}},
    }
    activity = served.aws("create-activity", "--name", "work")["activityArn"]
    definition["States"]["Do"]["Resource"] = activity  # type: ignore[index]
    made = served.aws(
        "create-state-machine", "--name", "m", "--role-arn", ROLE, "--definition", json.dumps(definition)
    )
    begun = served.aws(
        "start-execution", "--state-machine-arn", made["stateMachineArn"], "--input", '{"n":1}'
    )
    execution = begun["executionArn"]
    task = served.aws("get-activity-task", "--activity-arn", activity)
    assert served.end(signal.SIGKILL) == -signal.SIGKILL
    served.restart()
    failure = ("--error", "Bad", "--cause", "why")
    served.aws("send-task-failure", "--task-token", task["taskToken"], *failure)
    assert served.aws("describe-execution", "--execution-arn", execution)["status"] == "FAILED"
    served.aws("redrive-execution", "--execution-arn", execution)
    task = served.aws("get-activity-task", "--activity-arn", activity)
    served.aws("send-task-success", "--task-token", task["taskToken"], "--task-output", "2")
    told = served.aws("describe-execution", "--execution-arn", execution)
    assert (told["status"], told["output"]) == ("SUCCEEDED", "2")
    events = served.aws("get-execution-history", "--execution-arn", execution)["events"]
    assert [event["type"] for event in events].count("ActivityStarted") == 2
    state = json.dumps({"Type": "Pass", "Result": 1, "End": True})
    assert served.aws("test-state", "--definition", state, "--role-arn", ROLE)["status"] == "SUCCEEDED"
    assert served.end(signal.SIGTERM) == 0


def test_two_servers_do_not_share_a_folder(served: Served, bunsui_command: Path) -> None:
    words = [str(bunsui_command), "local", "serve", "--port", "0"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "another server has" in done.stderr
