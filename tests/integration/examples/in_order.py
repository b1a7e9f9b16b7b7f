"""Carry out a pipeline job by job, without the engine: what its handlers do by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import EcsOperation, LambdaOperation
from bunsui.core.pipeline import Bindings, Dag, LoadedPipeline, check_params, evaluate, load_pipeline

CALL = """
import importlib, json, os, sys
sys.path.insert(0, os.getcwd())
module, function = sys.argv[1].split(":")
result = getattr(importlib.import_module(module), function)(json.load(sys.stdin), None)
open(os.environ["BUNSUI_OUTPUT"], "w").write(json.dumps(result))
"""


class JobFailed(Exception):
    """A job's process ended badly: its name, exit code and standard error."""

    def __init__(self, job: str, code: int, text: str) -> None:
        super().__init__(f"{job} exited with {code}: {text}")
        self.job = job
        self.code = code
        self.text = text


def run_in_order(project: Path, **params: JsonValue) -> tuple[JsonValue, dict[str, JsonValue]]:
    """The pipeline's output and the outputs of its jobs."""
    loaded = load_pipeline(project)
    pipeline = loaded.pipeline
    bindings = Bindings(params=check_params(pipeline, params))
    for job in Dag(pipeline).order:
        bindings.jobs[job] = _run(loaded, job, bindings)
    return evaluate(pipeline.output, bindings), bindings.jobs


def _run(loaded: LoadedPipeline, job: str, bindings: Bindings) -> JsonValue:
    (operation,) = loaded.pipeline.jobs[job].operations
    assert isinstance(operation, (LambdaOperation, EcsOperation))
    event = json.dumps(evaluate(operation.input, bindings))
    output = loaded.project / f".{job}.output"
    source = loaded.project / f".{job}.input"
    source.write_text(event, encoding="utf-8")
    environment = {"BUNSUI_INPUT": str(source), "BUNSUI_OUTPUT": str(output), "PATH": os.environ["PATH"]}
    command = (
        [sys.executable, "-c", CALL, operation.handler]
        if isinstance(operation, LambdaOperation)
        else _own(operation)
    )
    done = subprocess.run(
        command, input=event, cwd=loaded.project, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise JobFailed(job, done.returncode, done.stderr)
    result: JsonValue = json.loads(output.read_text(encoding="utf-8"))
    return result


def _own(operation: EcsOperation) -> list[str]:
    return [sys.executable, *operation.command[1:]]
