"""What a command ends with, and whether it prints a view or a document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.cli.carry_out import show, status_of
from bunsui.cli.output import Output
from bunsui.cli.style import Style


@pytest.mark.parametrize(
    ("name", "document", "status"),
    [
        ("pipeline_validate", {"valid": True}, 0),
        ("pipeline_validate", {"valid": False}, 1),
        ("ops_doctor", {"ok": False}, 1),
        ("audit_verify", {"valid": False}, 1),
        ("session_wait", {"status": "succeeded", "ended": True}, 0),
        ("session_wait", {"status": "running", "ended": False}, 124),
        ("session_wait", {"status": "failed", "ended": True}, 1),
        ("session_wait", {"status": "stopped", "ended": True}, 1),
        ("session_wait", {"status": "timed_out", "ended": True}, 1),
        ("session_show", {"status": "failed"}, 0),
        ("session_stop", {"status": "stopped"}, 0),
    ],
)
def test_checks_and_waits_tell_by_their_status_how_it_went(
    name: str, document: dict[str, Any], status: int
) -> None:
    assert status_of(name, document) == status


def test_people_get_a_view_and_programs_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"schema": "bunsui.x/1", "value": 3}
    show("no_such_tool", document, Output(format="table", style=Style(on=False)))
    show("no_such_tool", document, Output(format="json", style=Style(on=False)))
    view, _, printed = capsys.readouterr().out.partition("\n")
    assert view == "value  3"
    assert json.loads(printed) == document
