"""`bunsui execution run` on a terminal: single steps, and the tree that remains."""

from __future__ import annotations

import json

from tests.acceptance.conftest import World
from tests.acceptance.test_terminal import on_terminal

DEFINITION = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Result": {"x": 1}, "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 3600, "Next": "Last"},
        "Last": {"Type": "Succeed"},
    },
}


def definition(world: World) -> str:
    path = world.project.parent / "steps.asl.json"
    path.write_text(json.dumps(DEFINITION), encoding="utf-8")
    return str(path)


def test_enter_goes_on_and_q_quits(world: World) -> None:
    words = ("execution", "run", definition(world), "--step", "--color", "never")
    enter = ("q: quit ", "")
    status, shown = on_terminal(world, *words, answers=(enter, enter, enter))
    assert status == 0
    assert 'succeeded {"x":1}' in shown
    assert "SUCCEEDED  1h of virtual time" in shown
    status, shown = on_terminal(world, *words, answers=(enter, ("q: quit ", "q")))
    assert status == 130
    assert "Last" not in shown


def test_the_tree_remains(world: World) -> None:
    status, shown = on_terminal(world, "execution", "run", definition(world), "--color", "never")
    assert status == 0
    assert "✔ Last  (+1h)" in shown
