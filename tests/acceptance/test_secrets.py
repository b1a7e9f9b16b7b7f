"""A secret parameter, looked for everywhere while a session runs, fails, is rerun and is looked at."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.test_terminal import on_terminal

VALUE = "Tr0ub4dor&3-horse/battery"
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
      input: {password: '{% $params.password %}', after: '{% $jobs.login.url %}'}
  each:
    needs: [load]
    map: {items: [1, 2], key: '{% "item-" & $string($item) %}'}
    lambda: {handler: handlers:each, input: {password: '{% $params.password %}', number: '{% $item %}'}}
  ask:
    needs: [each]
    when: '{% $jobs.login.never %}'
    approval: {message: 'Log in with {% $params.password %}?', timeout: 1h}
    lambda: {handler: handlers:login, input: {}}
  fail:
    needs: [each]
    lambda: {handler: handlers:fail, input: {password: '{% $params.password %}'}}
output: '{% $jobs.login %}'
"""
HANDLERS = """
import logging, sys
def login(event, context):
    print("the password is", event["password"])
    logging.getLogger().warning("again: %s", event["password"])
    sys.stderr.write(event["url"])
    return {"url": event["url"], "never": False}
def each(event, context):
    print(event)
    return event
def fail(event, context):
    raise ValueError("cannot log in with " + event["password"])
"""
LOAD = """
import json, os, sys, time
given = json.load(open(os.environ["BUNSUI_INPUT"]))
print(given, os.environ["PASSWORD"])
time.sleep(0.5)
json.dump({"echo": given["password"]}, open(os.environ["BUNSUI_OUTPUT"], "w"))
"""
MORE = """
  leak:
    ecs: {image: x, command: [python, load.py, '{% $params.password %}']}
"""


class Processes(threading.Thread):
    """Reads the command of every process of the machine, again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.found: list[bytes] = []
        self.looked = 0

    def run(self) -> None:
        while not self.over.wait(0.02):
            self.found += [words for words in commands() if VALUE.encode() in words]
            self.looked += 1


def commands() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue


@pytest.fixture
def secretive(world: World) -> World:
    for path in (world.project / "pipeline.yaml", world.project / "handlers.py", world.project / "load.py"):
        text = {"pipeline.yaml": PIPELINE, "handlers.py": HANDLERS, "load.py": LOAD}[path.name]
        path.write_text(text, encoding="utf-8")
    for other in ("handlers", "taxi"):
        for file in (world.project / other).glob("*.py"):
            file.unlink()
        (world.project / other).rmdir()
    world.environment["DATABASE_PASSWORD"] = VALUE
    return world


def forms() -> list[bytes]:
    """The value as it is, and as JSON and shells may write it."""
    return [VALUE.encode(), VALUE.replace("/", "\\/").encode(), VALUE.encode().hex().encode()]


def test_nothing_tells_it(secretive: World) -> None:
    world, said, watching = secretive, list[str](), Processes()
    watching.start()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        done = world.run(*words)
        said.extend((done.stdout, done.stderr))
        return done

    params = ["--param", "password=env:DATABASE_PASSWORD"]
    project = str(world.project)
    run("pipeline", "plan", project, *params)
    assert run("session", "start", project, *params, "--wait").returncode == 1
    session = world.json("session", "list")["sessions"][0]["id"]
    assert run("session", "rerun", session, "--wait").returncode == 1
    run("session", "show", session, "--json")
    for job in ("login", "load", "each", "fail"):
        run("job", "show", session, job, "--json")
        run("job", "logs", session, job)
    run("audit", "list", "--json")
    run("approval", "list", "--json")
    run("session", "start", project, "--param", f"password={VALUE}")
    run("session", "rerun", session, "--param", f"nothing={VALUE}")
    said.append(on_terminal(world, "session", "show", session)[1])
    watching.over.set()
    watching.join()
    assert watching.looked > 5
    kept = [found for found in watching.found if b"password=" not in found and b"nothing=" not in found]
    assert kept == []  # but for the two commands in which we have written it ourselves
    for form in forms():
        assert [text for text in said if form.decode() in text] == []
        files = [path for path in world.data_dir.rglob("*") if path.is_file()]
        assert len(files) > 10
        assert [path for path in files if form in path.read_bytes()] == []


def test_a_command_cannot_hold_it(secretive: World) -> None:
    world = secretive
    (world.project / "pipeline.yaml").write_text(
        PIPELINE.replace("output:", f"{MORE}output:"), encoding="utf-8"
    )
    found = world.run("pipeline", "validate", str(world.project))
    assert found.returncode != 0
    assert "list of processes" in found.stdout + found.stderr


def test_a_command_that_gets_it_another_way_is_not_run(secretive: World) -> None:
    world = secretive
    way = MORE.replace("$params.password", '$lookup($params, "pass" & "word")').replace("'{%", '"{%')
    way = way.replace('$params, "pass" & "word"', "$params, 'pass' & 'word'").replace("%}'", '%}"')
    (world.project / "pipeline.yaml").write_text(
        PIPELINE.replace("output:", f"{way}output:"), encoding="utf-8"
    )
    done = world.run(
        "session",
        "start",
        str(world.project),
        "--param",
        "password=env:DATABASE_PASSWORD",
        "--wait",
        "--json",
    )
    assert "cannot stand in a command" in done.stdout
    assert VALUE not in done.stdout + done.stderr
    assert os.environ.get("DATABASE_PASSWORD") is None
