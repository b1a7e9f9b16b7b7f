"""What moved between two looks at a session, a line for each."""

from __future__ import annotations

from typing import Any

from bunsui.cli.views.session import changes


def run(run_id: str, status: str) -> dict[str, Any]:
    job = {"id": "load", "status": status, "error": None, "started_at": None, "finished_at": None}
    return {"id": run_id, "jobs": [job]}


def document(*runs: dict[str, Any], **counts: int) -> dict[str, Any]:
    return {"runs": list(runs), "run_counts": counts}


def test_every_change_is_a_line() -> None:
    queued, running = document(run("a", "queued"), queued=1), document(run("a", "running"), running=1)
    assert list(changes(None, queued)) == ["load  queued"]
    assert list(changes(queued, running)) == ["load  running"]
    assert list(changes(running, running)) == []


def test_the_last_of_many_runs_keeps_its_name() -> None:
    """Runs that have succeeded are not listed any more where there are hundreds."""
    before = document(run("a", "running"), run("b", "running"), running=2)
    after = document(run("b", "running"), running=1, succeeded=1)
    assert list(changes(None, before)) == ["a/load  running", "b/load  running"]
    assert list(changes(before, after)) == []
