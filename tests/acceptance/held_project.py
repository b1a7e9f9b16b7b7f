"""A project whose jobs wait until a test lets them go, so that a test decides what runs when."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

HANDLERS = '''\
"""Jobs that wait for a file."""

import os
import time
from pathlib import Path

HERE = Path(__file__).parent


def run(event, context):
    name = event["job"] + str(event.get("item", ""))
    with open(Path(os.environ["BUNSUI_EXAMPLE_COUNTERS"]) / "calls.log", "a") as calls:
        calls.write(name + "\\n")
    (HERE / f"began-{name}").touch()
    while event.get("held") and not (HERE / f"go-{name}").exists():
        time.sleep(0.01)
    return {"job": name}
'''


class HeldProject:
    """Pipelines in a folder; `held` jobs wait until `release` names them."""

    def __init__(self, folder: Path, counters: Path) -> None:
        self.folder = folder
        self._counters = counters
        self._seen = 0
        folder.mkdir(parents=True, exist_ok=True)
        counters.mkdir(parents=True, exist_ok=True)
        (folder / "handlers.py").write_text(HANDLERS, encoding="utf-8")

    def pipeline(self, name: str, jobs: dict[str, dict[str, Any]], **more: Any) -> str:
        """Write a pipeline; a job with `held: true` waits. The path of its file."""
        filled = {
            job: {
                **{key: value for key, value in body.items() if key not in ("held", "input")},
                "lambda": {
                    "handler": "handlers:run",
                    "input": {"job": job, "held": body.get("held", False), **body.get("input", {})},
                },
            }
            for job, body in ((job, {**body}) for job, body in jobs.items())
        }
        path = self.folder / f"{name}.yaml"
        document = {"bunsui": 1, "name": name, "jobs": filled, **more}
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return str(path)

    def release(self, *jobs: str) -> None:
        """Let jobs end, also those that have not begun."""
        for job in jobs:
            (self.folder / f"go-{job}").touch()

    def began(self, job: str) -> bool:
        """Whether the handler of a job was called."""
        return (self.folder / f"began-{job}").exists()

    def wait_for(self, *jobs: str, seconds: float = 30.0) -> None:
        """Wait until the handlers of jobs were called."""
        deadline = time.monotonic() + seconds
        while not all(map(self.began, jobs)):
            assert time.monotonic() < deadline, (
                f"{[job for job in jobs if not self.began(job)]} did not begin"
            )
            time.sleep(0.02)

    def calls(self) -> Counter[str]:
        """Calls since the last time this was asked."""
        path = self._counters / "calls.log"
        lines = path.read_text(encoding="utf-8").split() if path.exists() else []
        new, self._seen = lines[self._seen :], len(lines)
        return Counter(new)
