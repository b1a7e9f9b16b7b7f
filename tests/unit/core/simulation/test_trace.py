"""The tree of states that a history tells of."""

from __future__ import annotations

from typing import Any

from bunsui.asl import Execution, ExecutionStart, compile_machine
from bunsui.core.simulation import Mocks, Replies, Reply, Simulation, picture, trace
from bunsui.core.simulation.picture import seconds

DEFINITION: dict[str, Any] = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 90, "End": True}}},
                {
                    "StartAt": "Each",
                    "States": {
                        "Each": {
                            "Type": "Map",
                            "ItemsPath": "$.items",
                            "ItemProcessor": {
                                "StartAt": "Call",
                                "States": {
                                    "Call": {
                                        "Type": "Task",
                                        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
                                        "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}],
                                        "End": True,
                                    }
                                },
                            },
                            "End": True,
                        }
                    },
                },
            ],
            "End": True,
        }
    },
}
START = ExecutionStart(arn="a", name="n", input={"items": [1, 2]}, started_at=100.0)


def simulated(*replies: Reply) -> Execution:
    found = Replies(Mocks({"f": replies}))
    simulation = Simulation(
        compile_machine(DEFINITION), START, lambda task: found.next(task) or Reply.silent()
    )
    simulation.run()
    return simulation.execution


def test_inner_states_stand_below_the_one_that_holds_them() -> None:
    busy, good = Reply.thrown("Busy", "later"), Reply.returned(1)
    execution = simulated(busy, good)
    assert execution.status == "SUCCEEDED"
    assert picture(trace(execution.history), 100.0) == [
        "✔ Both",
        "  ✔ A",
        "  ✔ Each",
        "    ✔ [0]",
        "      ✔ Call  (2 tries, Busy: later)",
        "    ✔ [1]",
        "      ✔ Call",
    ]


def test_a_failure_ends_what_is_open() -> None:
    execution = simulated(Reply.returned(1), Reply.thrown("Bad"))
    assert [(step.name, step.status) for step in trace(execution.history)] == [
        ("Both", "failed"),
        ("A", "aborted"),
        ("Each", "failed"),
        ("[0]", "succeeded"),
        ("Call", "succeeded"),
        ("[1]", "failed"),
        ("Call", "failed"),
    ]


def test_times_are_short() -> None:
    assert [seconds(value) for value in (0.25, 59, 61, 3600, 31_536_000, 90_000)] == [
        "0.25s",
        "59s",
        "1m 1s",
        "1h",
        "365d",
        "1d 1h",
    ]
