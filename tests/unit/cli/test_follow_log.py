"""A log as people read it: which attempt and item it is of, and no more of it than was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.cli.follow_log import print_log
from bunsui.cli.output import Output
from bunsui.cli.style import Style
from bunsui.core.models.status import JobStatus
from tests.unit.tools.project import Project, project

PLAIN = Output(format="table", style=Style(on=False))
FAILED = {"fetch": JobStatus.SUCCEEDED, "clean": JobStatus.FAILED}


@pytest.fixture
async def chain(tmp_path: Path) -> Project:
    return project(tmp_path)


async def printed(
    chain: Project, capsys: pytest.CaptureFixture[str], session: str, **given: Any
) -> list[str]:
    capsys.readouterr()
    await print_log(chain.runtime, {"session": session, "job": "clean", **given}, PLAIN, follow=False)
    shown = capsys.readouterr()
    return [*shown.out.splitlines(), *shown.err.splitlines()]


async def test_every_heading_says_of_which_attempt_it_is(
    chain: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    session = await chain.started()
    await chain.play(session, FAILED, log=b"first\n")
    await chain.call("session_rerun", session=session)
    await chain.play(session, {"clean": JobStatus.FAILED}, log=b"second\n")
    newest = await printed(chain, capsys, session)
    assert newest[0].startswith("── clean attempt 2 try 1 failed (2026-")
    assert newest[1:] == ["second"]
    older = await printed(chain, capsys, session, attempt=1)
    assert older[0].startswith("── clean attempt 1 try 1 failed (2026-")


async def test_no_more_lines_than_were_asked_for_and_how_to_go_on(
    chain: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    session = await chain.started()
    await chain.play(session, FAILED, log=b"1\n2\n3\n")
    assert (await printed(chain, capsys, session))[1:] == ["1", "2", "3"]
    *lines, more = (await printed(chain, capsys, session, limit=2))[1:]
    assert lines == ["1", "2"]
    cursor = more.removeprefix("There are more: --cursor ")
    assert (await printed(chain, capsys, session, limit=2, cursor=cursor))[1:] == ["3"]


async def test_an_empty_log_says_of_what(chain: Project, capsys: pytest.CaptureFixture[str]) -> None:
    session = await chain.started()
    await chain.play(session, FAILED)
    (searched,) = await printed(chain, capsys, session, search="zzz")
    assert searched == "No log lines of clean attempt 1: none is what you asked for."
    (never_called,) = await printed(chain, capsys, session, job="publish")
    assert never_called.startswith("No log lines of publish attempt 1: it printed nothing, was not called")
