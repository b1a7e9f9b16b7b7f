"""Distributed Map: readers, batches, writers, tolerated failures, Map Runs.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.asl import History, ItemsRead, StartTask
from tests.asl.harness import Drive, Failure, Silence, lambda_task, machine

PASS = {"Type": "Pass", "End": True}
TASK = {"T": lambda_task()}
READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}


def distributed(states: dict[str, Any], execution_type: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}
    processor = machine(states, ProcessorConfig=config)
    return machine({"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}})


def echo(task: StartTask) -> Any:
    return task.parameters


def failing_on(*bad: Any) -> Any:
    def work(task: StartTask) -> Any:
        if task.parameters in bad:
            raise Failure("Bad", f"no {task.parameters}")
        return task.parameters

    return work


def reading(body: Any, **config: Any) -> Drive:
    drive = Drive(
        distributed({"P": PASS}, ItemReader={**READER, "ReaderConfig": config}), objects={"b/k": body}
    )
    return drive.run()


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_results_keep_the_order_of_items(execution_type: str) -> None:
    states = {"W": {"Type": "Wait", "SecondsPath": "$", "Next": "T"}, **TASK}
    drive = Drive(distributed(states, execution_type), [3, 1, 2], echo).run()
    assert drive.execution.output == [3, 1, 2]
    assert drive.elapsed == 3
    assert len({call.execution_arn for call in drive.calls}) == 3
    assert len({call.task_id for call in drive.calls}) == 3
    assert "LambdaFunctionScheduled" not in drive.events


@pytest.mark.parametrize("bad", [[], [2]])
def test_without_records_all_else_is_the_same(bad: list[int]) -> None:
    definition = distributed(TASK, ToleratedFailureCount=1)
    told = Drive(definition, [1, 2, 3], failing_on(*bad)).run()
    silent = Drive(definition, [1, 2, 3], failing_on(*bad), records=False).run()
    assert (len(told.map_runs), len(told.children)) == (2, 6)
    assert (silent.map_runs, silent.children) == ([], [])
    assert silent.calls == told.calls
    assert silent.execution.history.encode() == told.execution.history.encode()


def test_concurrency() -> None:
    wait = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    assert Drive(distributed(wait, MaxConcurrency=2), list(range(5))).run().elapsed == 30
    assert Drive(distributed(wait), list(range(500))).run().elapsed == 10


def test_children_know_themselves_and_no_outer_variables() -> None:
    inner = {"P": {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id", "v.$": "$.v"}, "End": True}}
    selector = {"v.$": "$$.Map.Item.Value"}
    drive = Drive(distributed(inner, ItemSelector=selector, Label="Mine"), [7]).run()
    (child,) = drive.execution.output
    assert child["v"] == 7
    assert ":execution:machine/Mine:" in child["id"]
    assert ":mapRun:machine/Mine:" in drive.details("MapRunStarted")[0]["mapRunArn"]
    outer = {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"}}
    seeing = distributed({"P": {"Type": "Pass", "Parameters": {"x.$": "$x"}, "End": True}})
    drive = Drive({"StartAt": "A", "States": {**outer, **seeing["States"]}}, [1]).run()
    assert drive.execution.error == "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize(
    "fields, status",
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 39}, "FAILED"),
        ({"ToleratedFailurePercentage": 40}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2, "ToleratedFailurePercentage": 10}, "FAILED"),
        ({"ToleratedFailureCountPath": "$.n", "ItemsPath": "$.l"}, "SUCCEEDED"),
    ],
)
def test_tolerated_failures(fields: dict[str, Any], status: str) -> None:
    items = [1, 2, 3, 4, 5]
    input = {"n": 2, "l": items} if "ItemsPath" in fields else items
    drive = Drive(distributed(TASK, **fields), input, failing_on(2, 3)).run()
    assert drive.execution.status == status
    assert drive.map_runs[-1].status == status
    if status == "SUCCEEDED":
        assert drive.execution.output == [1, 4, 5]
        assert drive.map_runs[-1].counts == {"total": 5, "succeeded": 3, "failed": 2, "running": 0}
    else:
        assert drive.execution.error == "States.ExceedToleratedFailureThreshold"
        assert drive.events[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_too_many_failures_end_the_other_children() -> None:
    def work(task: StartTask) -> Any:
        if task.parameters == 2:
            raise Failure("Bad")
        raise Silence

    drive = Drive(distributed(TASK), [0, 1, 2, 3], work).run()
    assert drive.execution.status == "FAILED"
    assert {child.status for child in drive.children} >= {"FAILED", "ABORTED"}
    assert set(drive.cancelled) == {call.task_id for call in drive.calls if call.parameters != 2}


def test_batches_by_count_and_by_bytes() -> None:
    by_count = {"MaxItemsPerBatch": 2, "BatchInput": {"k.$": "$[0]"}}
    drive = Drive(distributed({"P": PASS}, ItemBatcher=by_count), [1, 2, 3]).run()
    assert drive.execution.output == [
        {"Items": [1, 2], "BatchInput": {"k": 1}},
        {"Items": [3], "BatchInput": {"k": 1}},
    ]
    by_bytes = {"MaxInputBytesPerBatch": 250}
    drive = Drive(distributed({"P": PASS}, ItemBatcher=by_bytes), ["x" * 100] * 5).run()
    assert [len(batch["Items"]) for batch in drive.execution.output] == [2, 2, 1]


def test_items_of_a_failed_batch_count_one_by_one() -> None:
    fields: dict[str, Any] = {"ItemBatcher": {"MaxItemsPerBatch": 3}, "ToleratedFailureCount": 2}
    drive = Drive(distributed(TASK, **fields), list(range(6)), failing_on({"Items": [0, 1, 2]})).run()
    assert drive.execution.status == "FAILED"


def test_items_are_read_from_json_lines_and_csv() -> None:
    assert reading('[{"a": 1}, 2]', InputType="JSON").execution.output == [{"a": 1}, 2]
    assert reading('{"a": 1}\n\n[2]\n', InputType="JSONL").execution.output == [{"a": 1}, [2]]
    assert reading(
        "a|b\n1|2\n", InputType="CSV", CSVHeaderLocation="FIRST_ROW", CSVDelimiter="PIPE"
    ).execution.output == [{"a": "1", "b": "2"}]
    assert reading("[1, 2, 3]", InputType="JSON", MaxItems=2).execution.output == [1, 2]
    pointed = reading('{"x": {"y": [5, 6]}}', InputType="JSON", ItemsPointer="/x/y")
    assert pointed.execution.output == [5, 6]
    assert pointed.details("MapStateStarted") == [{"length": 0}]


def test_listed_objects_are_items() -> None:
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}
    drive = Drive(distributed({"P": PASS}, ItemReader=reader), objects={"b/": [{"Key": "x"}]}).run()
    assert drive.execution.output == [{"Key": "x"}]


@pytest.mark.parametrize(
    "body, config, cause",
    [
        (None, {}, "The specified key does not exist."),
        ("{", {"InputType": "JSON"}, "Unable to parse the input as JSON."),
        ('{"a": 1}', {"InputType": "JSON"}, "Attempting to map over non-iterable node."),
        (
            "a,a\n1,2",
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "CSV headers cannot contain duplicates.",
        ),
        ("[]", {"InputType": "JSON", "MaxItems": -1}, "field MaxItems must be positive"),
        ("", {"InputType": "PARQUET"}, "InputType PARQUET cannot be read here: use JSON, JSONL or CSV."),
    ],
)
def test_items_that_cannot_be_read(body: str | None, config: dict[str, Any], cause: str) -> None:
    drive = reading(body, **config)
    assert (drive.execution.error, drive.execution.cause) == ("States.ItemReaderFailed", cause)
    assert drive.events[-4:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_map_that_cannot_read_is_caught_and_retried() -> None:
    handlers: dict[str, Any] = {"Retry": [{"ErrorEquals": ["States.ItemReaderFailed"], "MaxAttempts": 1}]}
    drive = Drive(distributed({"P": PASS}, ItemReader=READER, **handlers)).run()
    assert drive.events.count("MapRunStarted") == 2
    assert drive.elapsed == 1


def written(**config: Any) -> tuple[Drive, dict[str, Any]]:
    writer: dict[str, Any] = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "out", "Prefix": "runs/"},
    }
    if config:
        writer["WriterConfig"] = config
    drive = Drive(
        distributed(TASK, ResultWriter=writer, ToleratedFailureCount=1), [[1], [2], 3], failing_on(3)
    ).run()
    details = drive.execution.output["ResultWriterDetails"]
    manifest = json.loads(drive.written[f"out/{details['Key']}"])
    assert manifest["MapRunArn"] == drive.execution.output["MapRunArn"]
    return drive, manifest["ResultFiles"]


def read_back(drive: Drive, files: list[dict[str, Any]]) -> str:
    (only,) = files
    text = drive.written[f"out/{only['Key']}"]
    assert only["Size"] == len(text.encode())
    return text


def test_results_are_written_with_what_became_of_each_child() -> None:
    drive, files = written()
    succeeded = json.loads(read_back(drive, files["SUCCEEDED"]))
    failed = json.loads(read_back(drive, files["FAILED"]))
    assert [json.loads(one["Output"]) for one in succeeded] == [[1], [2]]
    assert (failed[0]["Error"], failed[0]["Cause"], failed[0]["Status"]) == ("Bad", "no 3", "FAILED")
    assert failed[0]["RedriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    assert files["PENDING"] == []


@pytest.mark.parametrize(
    "config, text",
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, "[[1],[2]]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSON"}, "[1,2]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "1\n2\n"),
    ],
)
def test_results_are_transformed(config: dict[str, Any], text: str) -> None:
    drive, files = written(**config)
    assert read_back(drive, files["SUCCEEDED"]) == text


def test_a_writer_without_a_place_transforms_the_result() -> None:
    writer = {"WriterConfig": {"Transformation": "FLATTEN"}}
    drive = Drive(distributed({"P": PASS}, ResultWriter=writer), [[1, 2], [3]]).run()
    assert drive.execution.output == [1, 2, 3]


def test_maps_nest_and_route_signals_to_their_children() -> None:
    inner = distributed(TASK)["States"]["M"]
    drive = Drive(distributed({"I": inner}), [[1, 2], [3]], echo).run()
    assert drive.execution.output == [[1, 2], [3]]
    assert all(call.task_id.count("/") == 4 for call in drive.calls)


def test_open_requests_are_known_until_they_are_answered() -> None:
    drive = Drive(distributed({"P": PASS}, ItemReader=READER), objects={"b/k": "[1]"}).begin()
    (request,) = drive.execution.open_requests
    assert isinstance(drive.pending[0], ItemsRead)
    assert drive.pending[0].read_id == request.to_json()["read_id"]
    drive.run()
    assert drive.execution.open_requests == []


def test_10_000_items_in_bounded_steps() -> None:
    drive = Drive(distributed({"P": PASS}, "EXPRESS"), list(range(10_000)), start={"budget": 500}).run()
    assert drive.execution.output == list(range(10_000))
    assert len(drive.signals) >= 20
    assert len(drive.execution.history) == 8


def test_a_map_run_in_a_failing_branch_is_aborted() -> None:
    waiting = distributed({"W": {"Type": "Wait", "Seconds": 60, "End": True}})
    states = {"Par": {"Type": "Parallel", "Branches": [waiting, machine(TASK)], "End": True}}
    drive = Drive(machine(states), [1, 2], {"T": Failure("E")}).run()
    assert drive.events[-5:] == [
        "LambdaFunctionFailed",
        "MapRunAborted",
        "MapStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert drive.map_runs[-1].status == "ABORTED"


def test_the_history_of_a_child_goes_to_the_driver() -> None:
    drive = Drive(distributed({"P": PASS}), [7]).run()
    (child,) = drive.children
    history = History(list(child.history))
    assert history.types()[0] == "ExecutionStarted"
    assert history[-1].details == {"output": "7"}


@pytest.mark.parametrize("given", [0, -1, "x", None])
def test_a_batch_of_no_items_fails_the_run(given: Any) -> None:
    batcher = {"MaxItemsPerBatchPath": "$.n"}
    fields: dict[str, Any] = {"ItemsPath": "$.l", "ItemBatcher": batcher}
    drive = Drive(distributed({"P": PASS}, **fields), {"l": [1], "n": given}).run()
    assert drive.events[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert not drive.execution.map_runs


def test_a_reader_whose_place_cannot_be_found_starts_no_run() -> None:
    reader = {**READER, "Parameters": {"Bucket.$": "$.nope", "Key": "k"}}
    drive = Drive(distributed({"P": PASS}, ItemReader=reader)).run()
    assert drive.events == ["ExecutionStarted", "MapStateEntered", "MapStateFailed", "ExecutionFailed"]


def test_listed_objects_are_loaded_and_flattened() -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "b"},
        "ReaderConfig": {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 4},
    }
    listed = [{"Key": "x"}, {"Key": "y"}, {"Key": "z"}]
    objects = {"b/": listed, "b/x": "1\n2\n", "b/y": "3\n4\n5\n", "b/z": "6\n"}
    drive = Drive(distributed({"P": PASS}, ItemReader=reader), objects=objects).run()
    assert drive.execution.output == [1, 2, 3, 4]
    assert sum(isinstance(signal, ItemsRead) for signal in drive.signals) == 3
    missing = Drive(distributed({"P": PASS}, ItemReader=reader), objects={"b/": listed}).run()
    assert missing.execution.error == "States.ItemReaderFailed"


@pytest.mark.parametrize("field", ["ItemReader", "ResultWriter"])
def test_places_have_to_be_objects(field: str) -> None:
    place = {"Resource": "arn:aws:states:::s3:getObject", "Arguments": "{% 'text' %}"}
    definition = {"QueryLanguage": "JSONata", **distributed({"P": PASS}, "STANDARD", **{field: place})}
    drive = Drive(definition, [1]).run()
    assert drive.execution.error == "States.Runtime"
    assert not drive.execution.map_runs
