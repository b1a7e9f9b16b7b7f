"""Whoever waits keeps the work going: a killed worker is replaced, an interrupted command loses nothing."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.test_taxi_reruns import ALL


def test_a_command_that_waits_outlives_the_worker(world: World) -> None:
    command = [str(world.command), "session", "start", str(world.project), "--wait", "--json"]
    with subprocess.Popen(
        command, env=world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stderr is not None
        for line in waiting.stderr:
            if line.startswith("fetch_zones  succeeded"):
                break
        worker = world.worker()
        assert worker is not None
        worker.kill()
        assert waiting.wait(timeout=60) == 0
    assert world.calls() == Counter(ALL)


@pytest.fixture
def heeded() -> Iterator[None]:
    """What runs in the background of a shell ignores Ctrl-C, and so does all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_an_interrupted_wait_leaves_the_session_running(world: World) -> None:
    command = [str(world.command), "session", "start", str(world.project), "--key", "k", "--wait"]
    with subprocess.Popen(
        command, env=world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stderr is not None
        for line in waiting.stderr:
            if line.startswith("session "):
                break
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(timeout=30) == 130
    (session,) = world.json("session", "list", "--key", "k")["sessions"]
    ended = world.json("session", "wait", session["id"], "--timeout", "40")
    assert ended["status"] == "succeeded"
    assert world.calls() == Counter(ALL)
