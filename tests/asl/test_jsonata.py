from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl import jsonata
from bunsui.asl.chance import Chance
from bunsui.asl.jsonata import UNDEFINED, Host, JsonataError, JsonataSyntaxError
from tests.asl.harness import Drive, machine


def evaluate(text: str, **bindings: Any) -> Any:
    return jsonata.compile(text).evaluate(None, bindings, Host(Chance("seed"), 1_700_000_000.5))


@pytest.mark.parametrize(
    "text, value",
    [
        ("$states.input.a + 1", 2),
        ("null", None),
        ("$states.input.nope", UNDEFINED),
        ("$nope", UNDEFINED),
        ("$range(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("$range(1, 9, 9)", 1),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("$parse('{\"a\": [1]}')", {"a": [1]}),
        ("$millis()", 1_700_000_000_500),
        ("$now()", "2023-11-14T22:13:20.500Z"),
        ("$random() < 1 ? null : 1", None),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate(text, states={"input": {"a": 1}}) == value


def test_variables_are_bindings_and_never_text() -> None:
    assert evaluate("$name", name='" & $eval("1") & "') == '" & $eval("1") & "'


@pytest.mark.parametrize(
    "text",
    [
        "$eval('1')",
        "$parse('{')",
        "$hash('a', 'x')",
        "$partition([1], 0)",
        "'a' + 1",
        "$nope()",
        "$sum",
        "1 / 0",
    ],
)
def test_failures(text: str) -> None:
    with pytest.raises(JsonataError):
        evaluate(text)


def test_an_expression_without_end_is_stopped() -> None:
    with pytest.raises(JsonataError):
        evaluate("($f := function($n) { 1 + $f($n + 1) }; $f(0))")


@pytest.mark.parametrize(
    "text, position",
    [("1 +", 3), ("a bcd + 1", 2), ('{"a":}', 5), ("$x[", 3), ('1 + "a', 4), ("1 + + 2)", 4)],
)
def test_syntax_errors_tell_the_position(text: str, position: int) -> None:
    with pytest.raises(JsonataSyntaxError) as caught:
        jsonata.compile(text)
    assert caught.value.position == position
    assert caught.value.code.startswith("S")


def test_random_values_follow_the_seed() -> None:
    assert evaluate("[$uuid(), $uuid(), $random()]") == evaluate("[$uuid(), $uuid(), $random()]")
    assert len(set(evaluate("[$uuid(), $uuid()]"))) == 2
    assert evaluate("$random(7)") == evaluate("$random(7)")


def test_only_what_an_expression_may_use_is_known() -> None:
    expression = jsonata.compile("$states.input.a + $b + $states.context.Execution.Id")
    assert expression.variables == {"b"}
    assert expression.states == {"input": frozenset({"a"}), "context": frozenset({"Execution"})}
    assert jsonata.compile("$states.input.a.%.b").states == {"input": None}
    assert jsonata.compile("$states.input.a + $count($states.input)").states == {"input": None}
    assert jsonata.compile("$states").states is None


def test_shuffling_follows_the_seed() -> None:
    assert evaluate("$shuffle([1..20])") == evaluate("$shuffle([1..20])")
    assert sorted(evaluate("$shuffle([1..20])")) == list(range(1, 21))


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.a.b",
        "$states.input.a & $states.input.`c d`",
        "$states.input.(a.b + e)",
        "$states.input.a.{'x': b, 'y': %.e}",
        "($s := $states; $s.input.e)",
        "$states.input.*",
        "$states.input ~> $keys",
        "$states . input . a . b",
        "$states.input.l[x > 1].x",
        "$lookup($states.input, 'e')",
    ],
)
def test_what_is_left_out_cannot_be_reached(text: str) -> None:
    document = {"a": {"b": 1}, "c d": 2, "e": 3, "l": [{"x": 1}, {"x": 2}]}
    whole = jsonata.compile(text).evaluate(None, {"states": {"input": document}})
    drive = Drive(
        machine({"P": {"Type": "Pass", "Output": f"{{% {text} %}}", "End": True}}, QueryLanguage="JSONata"),
        document,
    )
    assert drive.run().execution.output == whole
