"""`bunsui local serve` as a process."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

AWS = Path(sys.executable).with_name("aws")


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
        done = subprocess.run(
            [AWS, "stepfunctions", *words, "--output", "json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}
