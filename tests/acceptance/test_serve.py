"""`bunsui local serve` as a process, driven by the AWS command line."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROLE = "arn:aws:iam::123456789012:role/test"


class Served:
    """The process and the environment that it printed."""

    def __init__(self, command: Path) -> None:
        self._command = command
        self.environment: dict[str, str] = {}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self._command, "local", "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(4)]
        words = [word for line in printed for word in shlex.split(line) if "=" in word]
        self.environment = {**os.environ, **dict(word.split("=", 1) for word in words)}
        assert "AWS_ENDPOINT_URL_SFN" in self.environment
        return process

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode

    def restart(self) -> None:
        self.process = self._start()

    def aws(self, *words: str) -> Any:
        program = Path(sys.executable).with_name("aws")
        done = subprocess.run(
            [program, "stepfunctions", *words, "--output", "json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}


@pytest.fixture
def served(data_dir: Path, bunsui_command: Path) -> Iterator[Served]:
    if not Path(sys.executable).with_name("aws").exists():
        pytest.skip("the AWS command line (awscli) is not installed beside Python")
    found = Served(bunsui_command)
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGTERM)


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
