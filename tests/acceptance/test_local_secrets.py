"""A secret parameter reaches the handlers and appears nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bunsui.core.models.status import Status
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from tests.acceptance.local_world import World

VALUE = "correct-horse-battery-staple"
PIPELINE = """
bunsui: 1
name: secretive
params:
  password: {type: secret}
jobs:
  login:
    lambda:
      handler: handlers:login
      input: {password: '{% $params.password %}', url: '{% "db://me:" & $params.password & "@h" %}'}
  load:
    ecs:
      image: x
      command: [python, load.py]
      env: {PASSWORD: '{% $params.password %}'}
      input: {password: '{% $params.password %}', after: '{% $jobs.login.ok %}'}
  fail:
    severity: warning
    lambda: {handler: handlers:fail, input: {password: '{% $params.password %}'}}
"""
HANDLERS = """
import hashlib
def login(event, context):
    print("the password is", event["password"], "and should not have been printed")
    digest = hashlib.sha256(event["password"].encode()).hexdigest()
    return {"ok": digest, "echo": event["url"]}
def fail(event, context):
    raise ValueError("cannot log in with " + event["password"])
"""
LOAD = """
import hashlib, json, os
given = json.load(open(os.environ["BUNSUI_INPUT"]))
assert given["password"] == os.environ["PASSWORD"]
found = hashlib.sha256(given["password"].encode()).hexdigest()
print(given)
answer = {"same": found == given["after"], "echo": given["password"]}
json.dump(answer, open(os.environ["BUNSUI_OUTPUT"], "w"))
"""


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("DATABASE_PASSWORD", VALUE)
    project = tmp_path / "project"
    project.mkdir()
    (project / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (project / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    (project / "load.py").write_text(LOAD, encoding="utf-8")
    opened = World(tmp_path, project)
    yield opened
    await opened.close()


async def test_a_secret_is_nowhere_but_in_the_call(world: World) -> None:
    request = StartRequest(
        profile="local",
        pipelines=(str(world.project),),
        params={"password": "env:DATABASE_PASSWORD"},
    )
    ended = await world.wait((await start(world.ports, request, by="ada")).session_id)
    assert ended.session.status is Status.SUCCEEDED, [job.failure for job in ended.jobs]
    output = ended.jobs[1].output
    assert output is not None
    assert output.value == {"same": True, "echo": "*" * len(VALUE)}
    files = [path for path in world.data.root.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if VALUE.encode() in path.read_bytes()] == []


async def test_a_secret_that_is_not_set_fails_its_job_by_name(world: World) -> None:
    request = StartRequest(
        profile="local", pipelines=(str(world.project),), params={"password": "env:NOT_SET_ANYWHERE"}
    )
    ended = await world.wait((await start(world.ports, request, by="ada")).session_id)
    assert ended.statuses == {"login": "failed", "load": "upstream_failed", "fail": "failed"}
    failure = ended.jobs[0].failure
    assert failure is not None
    assert "env:NOT_SET_ANYWHERE" in failure.cause
