"""Edges that recordings do not show, each with the section of the specification that decides."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from bunsui.asl import Redrive, Stop
from tests.asl.harness import Drive, Failure, lambda_task, machine

DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def one(**fields: Any) -> dict[str, Any]:
    return machine({"P": {"Type": "Pass", "End": True, **fields}})


def chosen(value: Any, **rule: Any) -> bool:
    states = {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.v", **rule, "Next": "Y"}], "Default": "N"},
        "Y": {"Type": "Pass", "Result": True, "End": True},
        "N": {"Type": "Pass", "Result": False, "End": True},
    }
    return bool(Drive(machine(states), {"v": value}).run().execution.output)


def read(text: str, **config: Any) -> Drive:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config}
    states = {
        "M": {
            "Type": "Map",
            "ItemReader": {**reader, "Parameters": {"Bucket": "b", "Key": "k"}},
            "ItemProcessor": {**one(), "ProcessorConfig": DISTRIBUTED},
            "End": True,
        }
    }
    return Drive(machine(states), {}, objects={"b/k": text}).run()


@pytest.mark.parametrize(
    ("value", "rounded"), [(2.5, 3), (0.5, 1), (-1.5, -1), (-2.6, -3), (10**17 + 1, 10**17 + 1)]
)
def test_math_rounds_halves_up(value: float, rounded: int) -> None:
    """Intrinsic functions, States.MathAdd: "rounds it off to the nearest integer"."""
    drive = Drive(one(Parameters={"x.$": "States.MathAdd($.v, 0)"}), {"v": value}).run()
    assert drive.execution.output == {"x": rounded}


def test_timestamps_are_compared_to_the_nanosecond() -> None:
    """Choice state, data-test expressions: timestamps are RFC 3339, with any fraction of a second."""
    early, late = "2016-03-14T01:59:00.000000001Z", "2016-03-14T01:59:00.000000002Z"
    assert chosen(early, TimestampLessThan=late)
    assert not chosen(early, TimestampEquals=late)
    assert chosen("2016-03-14T01:59:00+09:00", TimestampEquals="2016-03-13T16:59:00.000Z")


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"a\\*b", r"a\zzb", True),
        ("*", "", True),
        ("a*", "a", True),
        ("*a*", "xay", True),
        ("ab*ba", "aba", False),
        ("*ab*b", "abab", True),
        ("*aab", "aaab", True),
        ("**x**", "x\n", True),
    ],
)
def test_stars_and_escapes(pattern: str, text: str, wanted: bool) -> None:
    """Choice state, StringMatches: "*" matches zero or more characters and may be escaped."""
    assert chosen(text, StringMatches=pattern) is wanted


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    """Choice state, StringMatches: any number of "*"."""
    begun = time.perf_counter()
    assert not chosen("a" * 5_000, StringMatches="*a" * 20 + "*b")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_names_of_variables_may_be_in_any_script(language: str) -> None:
    """Variables, naming: the rules of Unicode identifiers (UAX 31)."""
    use = {"Output": {"x": "{% $größe %}", "y": "{% $変数 %}"}}
    if language == "JSONPath":
        use = {"Parameters": {"x.$": "$größe", "y.$": "$変数"}}
    states = {
        "A": {"Type": "Pass", "Assign": {"größe": 3, "変数": 4}, "Next": "P"},
        "P": {"Type": "Pass", "End": True, **use},
    }
    drive = Drive(machine(states, QueryLanguage=language)).run()
    assert drive.execution.output == {"x": 3, "y": 4}


@pytest.mark.parametrize("text", ["--5", "9" * 5_000, "٣", "²", "-", ""])
def test_text_that_is_no_number_fails_the_state(text: str) -> None:
    """Task state, TimeoutSecondsPath: must select a positive integer."""
    drive = Drive(machine({"T": lambda_task(TimeoutSecondsPath="$.t")}), {"t": text}, {"T": 1}).run()
    assert (drive.execution.status, drive.execution.error) == ("FAILED", "States.Runtime")


def test_lines_end_at_line_feeds_only() -> None:
    """ItemReader, JSON Lines: one JSON value on each line; its strings may hold U+2028 and U+0085."""
    drive = read('{"a":"x\u2028y"}\r\n\n{"a":"\x85"}\n', InputType="JSONL")
    assert drive.execution.output == [{"a": "x\u2028y"}, {"a": "\x85"}]


def test_rows_may_end_with_a_carriage_return() -> None:
    """ItemReader, CSV."""
    drive = read("a,b\r1,2\r", InputType="CSV", CSVHeaderLocation="FIRST_ROW")
    assert drive.execution.output == [{"a": "1", "b": "2"}]


def test_a_field_that_is_too_long_fails_the_reader() -> None:
    """ItemReader, CSV: what cannot be read is States.ItemReaderFailed."""
    drive = read("a\n" + "x" * 200_000, InputType="CSV", CSVHeaderLocation="FIRST_ROW")
    assert drive.execution.error == "States.ItemReaderFailed"


def test_variables_of_one_assign_are_measured_in_bytes() -> None:
    """Quotas, variables: all variables of one Assign together have at most 256 KiB."""
    half = "é" * 65_500
    assert Drive(one(Assign={"a": half, "b": half})).run().execution.status == "SUCCEEDED"
    drive = Drive(one(Assign={"a": half * 2, "b": "12345", "c": half})).run()
    assert drive.execution.error == "States.DataLimitExceeded"


def test_large_integers_do_not_make_text_longer() -> None:
    """Quotas: 262,144 bytes as UTF-8."""
    result = {"text": "é" * 100_000, "number": 2**70}
    drive = Drive(machine({"T": lambda_task()}), {}, {"T": result}).run()
    assert drive.execution.output == result


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_state_that_was_not_entered_is_entered_on_redrive(cut: int) -> None:
    """Redrive: continues at the state that did not succeed; each state is entered in the history."""
    branch = machine({"A": {"Type": "Pass", "Next": "T"}, "T": lambda_task()})
    definition = machine({"All": {"Type": "Parallel", "Branches": [branch, branch], "End": True}})
    drive = Drive(definition, {}, {"T": 1}, start={"budget": 1}).begin()
    for _ in range(cut):
        if not drive.pending:
            drive.step()
    drive.apply(Stop(drive.execution.now))
    drive.pending.clear()
    drive.apply(Redrive(drive.execution.now + 1))
    drive.run()
    assert drive.execution.output == [1, 1]
    assert drive.events.count("TaskStateEntered") == 2
    assert drive.events.count("PassStateEntered") == 2


def test_what_was_shown_does_not_change() -> None:
    """Events, and records of children, are what they were when they were taken."""
    processor = {**machine({"T": lambda_task()}), "ProcessorConfig": DISTRIBUTED}
    drive = Drive(
        machine({"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}),
        [1],
        {"T": [Failure("E"), 2]},
    ).run()
    taken = [orjson.dumps(child.to_json()) for child in drive.children]
    for event in drive.execution.history:
        event.details["input"] = "changed"
    before = drive.execution.history.encode()
    drive.apply(Redrive(drive.execution.now + 1))
    drive.run()
    assert drive.execution.output == [2]
    assert [orjson.dumps(child.to_json()) for child in drive.children[: len(taken)]] == taken
    assert b"changed" not in before


def test_true_is_not_one_at_any_depth() -> None:
    """Intrinsic functions, States.ArrayContains: compares JSON values."""
    call = {"a.$": "States.ArrayContains($.list, $.value)"}
    assert not Drive(one(Parameters=call), {"list": [[True]], "value": [1]}).run().execution.output["a"]
    found = Drive(one(Parameters=call), {"list": [{"k": [1.0]}], "value": {"k": [1]}}).run()
    assert found.execution.output["a"]


def spread(items: list[Any], work: Any, **fields: Any) -> Drive:
    processor = {**machine({"T": lambda_task()}), "ProcessorConfig": DISTRIBUTED}
    return Drive(
        machine({"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}), items, work
    ).run()


@pytest.mark.parametrize("batch_input", [None, {"k": "é" * 500}])
def test_no_batch_is_larger_than_an_input_may_be(batch_input: Any) -> None:
    """ItemBatcher: a batch has at most 256 KiB, whatever MaxItemsPerBatch says; edges are exact."""
    batcher = {"MaxItemsPerBatch": 1_000, **({"BatchInput": batch_input} if batch_input else {})}
    empty = len(orjson.dumps({"Items": [""] * 256, **({"BatchInput": batch_input} if batch_input else {})}))
    first, rest = divmod(262_144 - empty, 256)
    exact = ["a" * (first + (at < rest)) for at in range(256)]
    drive = spread(exact, {"T": 1}, ItemBatcher=batcher)
    assert drive.execution.output == [1]
    assert {len((child.input or "").encode()) for child in drive.children} == {262_144}
    more = spread([exact[0] + "a", *exact[1:]], {"T": 1}, ItemBatcher=batcher)
    assert more.execution.output == [1, 1]


def test_result_files_count_redrives() -> None:
    """ResultWriter: entries have the redrive count of their child execution."""
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
    drive = spread([1, 2], {"T": [Failure("E"), 1, 1]}, ResultWriter=writer, MaxConcurrency=1)
    drive.apply(Redrive(drive.execution.now + 1))
    drive.run()
    key = next(key for key in drive.written if key.endswith("SUCCEEDED_0.json"))
    assert sorted(entry["RedriveCount"] for entry in orjson.loads(drive.written[key])) == [0, 1]
