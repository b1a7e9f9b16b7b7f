"""Values for variables of prompts and addresses: ids that exist, those that failed first."""

from __future__ import annotations

import pytest

from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui_mcp.completions import RuntimeCompletions
from tests.unit.core.records import job, later, run, session
from tests.unit.tools.helpers import counting


async def completions() -> RuntimeCompletions:
    runtime = await counting()
    sessions = [
        session("s-good", profile="dev", status=Status.SUCCEEDED, created_at=later(30), run_ids=("r", "q")),
        session("s-bad", profile="dev", status=Status.FAILED, created_at=later(10), run_ids=()),
        session("s-other", profile="prod", run_ids=()),
    ]
    runs = [run("r", session_id="s-good"), run("q", session_id="s-good", attempt=2)]
    jobs = [
        job("load", session_id="s-good", run_id="r"),
        job("gone", session_id="s-good", run_id="q", attempt=1),
        job("load", session_id="s-good", run_id="q", attempt=2),
        job("draw", session_id="s-good", run_id="q", attempt=2, position=1),
    ]
    await runtime.ports.store.commit(Transaction(put=[*sessions, *runs, *jobs]))
    return RuntimeCompletions(runtime)


@pytest.mark.parametrize(
    ("name", "prefix", "given", "values"),
    [
        pytest.param("session", "s-", {}, ["s-bad", "s-good"], id="failed first, other profiles unseen"),
        pytest.param("session", "s-g", {}, ["s-good"], id="by prefix"),
        pytest.param("run", "", {"session": "s-good"}, ["r", "q"], id="the runs of a session"),
        pytest.param("job", "", {"session": "s-good"}, ["load", "draw"], id="each job once, newest attempts"),
        pytest.param("job", "", {"session": "s-good", "run": "r"}, ["load"], id="the jobs of a run"),
        pytest.param("job", "d", {"session": "s-good"}, ["draw"], id="jobs by prefix"),
        pytest.param("run", "", {"session": "no"}, [], id="an unknown session has none"),
        pytest.param("run", "", {}, [], id="without a session there is no run"),
        pytest.param("month", "", {}, [], id="a variable without a list"),
        pytest.param("pipeline", "", {}, [], id="nothing is registered"),
    ],
)
async def test_values_that_exist(name: str, prefix: str, given: dict[str, str], values: list[str]) -> None:
    found = await (await completions()).complete(name, prefix, given)
    assert [one for one in found if not one.startswith("2026")] == values
