from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl.chance import Chance
from bunsui.asl.intrinsics import IntrinsicError, IntrinsicFailed, parse

DOCUMENT = {"a": [1, 2, 2], "n": "x", "o": {"k": 1}, "t": "{} and {}", "empty": ""}


def evaluate(text: str) -> Any:
    return parse(text).evaluate(lambda path: path.get(DOCUMENT), Chance("seed"))


@pytest.mark.parametrize(
    "text, value",
    [
        (r"States.Format('a {} \{\} \'{}\' {}', $.n, null, true)", "a x {} 'null' true"),
        ("States.Format($.t, 1, 2.5)", "1 and 2.5"),
        ("States.Format('{}', $.o)", '{"k":1}'),
        (r"""States.StringToJson('{"text":"An \"escaped\" one"}')""", {"text": 'An "escaped" one'}),
        ("States.StringToJson($.empty)", None),
        ("States.JsonToString($.o)", '{"k":1}'),
        ("States.Array(1, 'a, b', $.n, States.Array())", [1, "a, b", "x", []]),
        ("States.ArrayPartition($.a, 2)", [[1, 2], [2]]),
        ("States.ArrayContains($.a, 2)", True),
        ("States.ArrayContains($.a, true)", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.a, 1)", 2),
        ("States.ArrayLength($.a)", 3),
        ("States.ArrayUnique($.a)", [1, 2]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YQ==')", "Data"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("""States.JsonMerge($.o, States.StringToJson('{"k":2}'), false)""", {"k": 2}),
        ("States.MathAdd(111, -1)", 110),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
        ("  States.MathAdd( 1 ,2 )  ", 3),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate(text) == value


def test_random_values_follow_the_seed() -> None:
    assert evaluate("States.UUID()") == evaluate("States.UUID()")
    assert 1 <= evaluate("States.MathRandom(1, 10)") < 10
    assert evaluate("States.MathRandom(1, 1000, 7)") == evaluate("States.MathRandom(1, 1000, 7)")


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('{} {}', 1)",
        "States.Format('{}', 1, 2)",
        "States.Format('{', 1)",
        "States.ArrayGetItem($.a, 9)",
        "States.ArrayPartition($.a, 0)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayRange(1, 2, 0)",
        "States.StringToJson('{')",
        "States.JsonMerge($.o, $.o, true)",
        "States.Hash('x', 'SHA-3')",
        "States.Base64Decode('***')",
        "States.MathAdd('1', 2)",
        "States.ArrayLength($.n)",
    ],
)
def test_arguments_that_do_not_fit(text: str) -> None:
    with pytest.raises(IntrinsicFailed):
        evaluate(text)


@pytest.mark.parametrize(
    "text, offset",
    [
        ("States.Nope(1)", 0),
        ("States.UUID(1)", 0),
        ("States.MathAdd(1", 15),
        ("States.MathAdd(1, x)", 18),
        ("States.UUID() x", 14),
        ("States.Array('a)", 13),
        ("States.Array($.a[x])", 17),
    ],
)
def test_errors_tell_the_offset(text: str, offset: int) -> None:
    with pytest.raises(IntrinsicError) as caught:
        parse(text)
    assert caught.value.offset == offset


def test_calls_nest_ten_deep() -> None:
    def nested(depth: int) -> str:
        return "States.Array(" * depth + ")" * depth

    assert parse(nested(10)).name == "States.Array"
    with pytest.raises(IntrinsicError):
        parse(nested(11))
