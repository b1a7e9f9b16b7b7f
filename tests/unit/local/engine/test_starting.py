"""From a start as the core asks for it to the start record of the engine."""

from __future__ import annotations

from bunsui.asl.start import ExecutionStart
from bunsui.core.ports.engine import EngineStart
from bunsui.local.engine.executions import Options
from bunsui.local.engine.starting import new_execution

START = EngineStart(
    name="s-taxi-1", definition={"StartAt": "A"}, input={"x": 1}, session_id="s", run_id="taxi", attempt=2
)


def test_the_record_is_one_that_the_engine_reads() -> None:
    read = ExecutionStart.from_json(new_execution(START, 1.5).start)
    assert (read.name, read.input, read.started_at) == ("s-taxi-1", {"x": 1}, 1.5)
    assert read.arn.endswith(":execution:bunsui-taxi:s-taxi-1")
    assert read.state_machine_arn.endswith(":stateMachine:bunsui-taxi")


def test_the_same_attempt_draws_the_same_chances_whenever_it_is_started() -> None:
    first, second = (new_execution(START, now).start for now in (1.0, 2.0))
    assert first["seed"] == second["seed"] == "s-taxi-1"


def test_it_belongs_to_its_attempt_with_the_settings_of_who_started_it() -> None:
    made = new_execution(START, 1.000001, Options(python="/py"))
    assert made.owner is not None
    assert (made.owner.session_id, made.owner.run_id, made.owner.attempt) == ("s", "taxi", 2)
    assert (made.created_at, made.options.python) == (1_000_001, "/py")
    assert new_execution(START, 1.0).options == Options()
