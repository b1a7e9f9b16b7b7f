"""Parallel and inline Map: order, concurrency, scopes, aborts, history."""

from __future__ import annotations

from typing import Any

from bunsui.asl import StartTask, Stop
from tests.asl.harness import BEGIN, Drive, Failure, lambda_task, machine

PASS = {"Type": "Pass", "End": True}


def wait(seconds: Any) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds, "End": True}


def test_branches_run_side_by_side_and_keep_their_order() -> None:
    branches = [
        machine({f"W{n}": {**wait(n), "Next": f"P{n}"} | {"End": False}, f"P{n}": {**PASS, "Result": n}})
        for n in (5, 1, 3)
    ]
    for branch in branches:
        next(iter(branch["States"].values())).pop("End")
    drive = Drive(machine({"Par": {"Type": "Parallel", "Branches": branches, "End": True}})).run()
    assert drive.execution.output == [5, 1, 3]
    assert drive.elapsed == 5


def test_concurrency_of_a_map_is_bounded() -> None:
    each = {"Type": "Map", "ItemProcessor": machine({"W": wait(10)}), "End": True}
    for limit, elapsed in ((1, 70), (3, 30), (7, 10)):
        drive = Drive(machine({"M": {**each, "MaxConcurrency": limit}}), list(range(7))).run()
        assert drive.execution.output == list(range(7))
        assert drive.elapsed == elapsed
    assert Drive(machine({"M": each}), list(range(41))).run().elapsed == 20


def test_an_empty_map_and_what_follows_run_once() -> None:
    drive = Drive(
        machine({"M": {"Type": "Map", "ItemProcessor": machine({"P": PASS}), "Next": "P"}, "P": PASS}), []
    ).run()
    assert drive.execution.output == []
    assert drive.events.count("PassStateEntered") == 1


def test_item_selector_sees_item_and_input() -> None:
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "k.$": "$.k"}
    each = {
        "Type": "Map",
        "ItemsPath": "$.l",
        "ItemSelector": selector,
        "ItemProcessor": machine({"P": PASS}),
        "End": True,
    }
    drive = Drive(machine({"M": each}), {"l": ["a", "b"], "k": 7}).run()
    assert drive.execution.output == [{"i": 0, "v": "a", "k": 7}, {"i": 1, "v": "b", "k": 7}]


def test_jsonata_map_over_an_expression() -> None:
    inner = machine({"P": {"Type": "Pass", "Output": "{% $states.input.x * $factor %}", "End": True}})
    each = {
        "Type": "Map",
        "Items": "{% $states.input.l[$ > 1] %}",
        "ItemSelector": {"x": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": inner,
        "End": True,
    }
    first = {"Type": "Pass", "Assign": {"factor": 10}, "Next": "M"}
    drive = Drive(machine({"A": first, "M": each}, QueryLanguage="JSONata"), {"l": [1, 2, 3]}).run()
    assert drive.execution.output == [20, 30]


def test_variables_of_a_branch_end_with_it() -> None:
    inner = machine({"P": {"Type": "Pass", "Assign": {"inner.$": "$outer"}, "End": True}})
    each = {"Type": "Map", "ItemProcessor": inner, "Next": "Q"}
    states = {
        "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"},
        "M": each,
        "Q": {"Type": "Pass", "Parameters": {"x.$": "$inner"}, "End": True},
    }
    drive = Drive(machine(states), [1]).run()
    assert drive.execution.error == "States.Runtime"
    exited = [details for details in drive.details("PassStateExited") if details["name"] == "P"]
    assert exited[0]["assignedVariables"] == {"inner": "1"}


def test_assign_and_output_both_see_the_old_variables() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": "{% $x + 1 %}"}, "Output": "{% $x %}", "Next": "C"},
        "C": {"Type": "Pass", "Output": "{% [$states.input, $x] %}", "End": True},
    }
    assert Drive(machine(states, QueryLanguage="JSONata")).run().execution.output == [1, 2]


def test_a_failing_branch_ends_the_others() -> None:
    inner = {"Type": "Parallel", "Branches": [machine({"W": wait(99)})], "End": True}
    branches = [machine({"I": inner}), machine({"T": lambda_task()}), machine({"P": PASS})]
    drive = Drive(
        machine({"Par": {"Type": "Parallel", "Branches": branches, "End": True}}), work={"T": Failure("E")}
    ).run()
    assert drive.execution.error == "E"
    assert drive.events[-5:] == [
        "LambdaFunctionFailed",
        "WaitStateAborted",
        "ParallelStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert drive.elapsed == 0


def test_iterations_that_are_ended_are_in_the_history() -> None:
    def work(task: StartTask) -> Any:
        if task.parameters == 2:
            raise Failure("E")
        return task.parameters

    inner = machine({"W": {"Type": "Wait", "SecondsPath": "$", "Next": "T"}, "T": lambda_task()})
    drive = Drive(machine({"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}), [3, 1, 2], work).run()
    assert [d["index"] for d in drive.details("MapIterationSucceeded")] == [1]
    assert [d["index"] for d in drive.details("MapIterationFailed")] == [2]
    assert [d["index"] for d in drive.details("MapIterationAborted")] == [0]
    assert drive.elapsed == 2


def test_a_map_is_retried_as_a_whole() -> None:
    each = {
        "Type": "Map",
        "ItemProcessor": machine({"T": lambda_task()}),
        "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 60}],
        "End": True,
    }
    drive = Drive(machine({"M": each}), [1, 2], {"T": [1, Failure("E"), 3, 4]}).run()
    assert drive.execution.output == [3, 4]
    assert drive.elapsed == 60
    assert drive.events.count("MapStateEntered") == 1
    assert drive.events.count("MapStateStarted") == 2


def test_previous_ids_follow_each_strand() -> None:
    branches = [machine({f"A{n}": {"Type": "Pass", "Next": f"B{n}"}, f"B{n}": PASS}) for n in (1, 2)]
    drive = Drive(machine({"Par": {"Type": "Parallel", "Branches": branches, "Next": "P"}, "P": PASS})).run()
    previous = {event.id: event.previous_id for event in drive.execution.history}
    names = {(e.type, e.details.get("name")): e.id for e in drive.execution.history}
    started = names["ParallelStateStarted", None]
    for n in ("1", "2"):
        assert previous[names["PassStateEntered", "A" + n]] == started
        assert previous[names["PassStateEntered", "B" + n]] == names["PassStateExited", "A" + n]
    assert previous[names["PassStateEntered", "P"]] == names["ParallelStateExited", "Par"]
    assert all(before < after for after, before in previous.items())
    assert previous[2] == 0


def test_a_failed_branch_has_two_names() -> None:
    branch = machine({"T": lambda_task()})
    catch = [{"ErrorEquals": ["States.BranchFailed"], "Next": "P"}]
    states = {"Par": {"Type": "Parallel", "Branches": [branch], "Catch": catch, "Next": "P"}, "P": PASS}
    drive = Drive(machine(states), work={"T": Failure("E", "c")}).run()
    assert drive.execution.output == {"Error": "E", "Cause": "c"}


def test_stop_ends_everything_at_once() -> None:
    each = {"Type": "Map", "ItemProcessor": machine({"T": lambda_task()}), "End": True}
    drive = Drive(machine({"M": each}), [1, 2], work=_silent).begin()
    drive.apply(Stop(BEGIN + 3, "Mine", "enough"))
    assert drive.execution.status == "ABORTED"
    assert (drive.execution.error, drive.execution.cause) == ("Mine", "enough")
    assert sorted(drive.cancelled) == sorted(call.task_id for call in drive.calls)
    assert drive.events[-1] == "ExecutionAborted"
    assert drive.execution.open_tasks == []


def _silent(task: StartTask) -> Any:
    from tests.asl.harness import Silence

    raise Silence


def test_active_states_are_known_at_any_time() -> None:
    each = {"Type": "Map", "ItemProcessor": machine({"T": lambda_task()}), "End": True}
    branches = [machine({"M": each}), machine({"W": wait(5)}), machine({"P": PASS})]
    definition = machine({"Par": {"Type": "Parallel", "Branches": branches, "End": True}})
    drive = Drive(definition, [1, 2], work=_silent).begin()
    assert drive.execution.active_states == ["Par", "M", "T", "T", "W"]
    drive.apply(Stop(BEGIN))
    assert drive.execution.active_states == []
