from __future__ import annotations

import json

import pytest

from bunsui.asl.validation import Code, SourceProblem, parse_definition, validate

JSON = """{
  "StartAt": "A",
  "States": {
    "A": {
      "Type": "Pass",
      "Parameters": {"first": 1, "x.$": "States.Format('\\u00e9 \\\\\\"{}', $.a)"},
      "Nxet": "B",
      "End": true
    }
  }
}
"""
YAML = """StartAt: A
States:
  A:
    Type: Wait
    Timestamp: 2016-03-14 01:59:00   # no T
    Next: B
  B:
    Type: Pass
    Parameters:
      x.$: '$.a['
    End: yes
"""


def places(text: str) -> list[tuple[int | None, int | None, str]]:
    return [(one.line, one.column, one.location) for one in validate(text)]


def test_json_findings_point_at_the_key_or_into_the_value() -> None:
    assert places(JSON) == [
        (6, 64, "/States/A/Parameters/x.$"),  # the backslash that starts the illegal escape
        (7, 7, "/States/A/Nxet"),
    ]


def test_yaml_findings_do_too_and_dates_and_words_stay_text() -> None:
    assert places(YAML) == [
        (5, 16, "/States/A/Timestamp"),
        (10, 17, "/States/B/Parameters/x.$"),
        (11, 10, "/States/B/End"),
    ]


@pytest.mark.parametrize(
    "text, line, column",
    [
        ('{"StartAt": "A",}', 1, 17),
        ('{\n "StartAt": }', 2, 13),
        ("[1, 2]", 1, 1),
        ('{"a": NaN}', 1, 7),
        ("StartAt: [", 2, 1),
        ("just words", 1, 1),
        ("", 1, 1),
        ("a: !Sub x", 1, 4),
        ("? [a]\n: b", 1, 3),
        ("a: &x [*x]", 1, 4),
    ],
)
def test_what_is_no_object_is_refused_in_its_place(text: str, line: int, column: int) -> None:
    (found,) = validate(text)
    assert (found.code, found.location, found.line) == (Code.JSON, "/", line)
    assert found.column is not None
    assert abs(found.column - column) <= 1


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_cannot_say_is_refused_in_its_place(number: str) -> None:
    result = '{"rows": [1, NUMBER]}'.replace("NUMBER", number)
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,\n "Result": ' + result + "}}}"
    (found,) = validate(text)
    assert (found.code, found.line, found.column) == (Code.JSON, 2, 25)
    assert found.message.startswith("States.A.Result.rows.1 is no finite number")
    (same,) = validate(json.loads(text))
    assert (same.code, same.message, same.line) == (Code.JSON, found.message, None)


def test_keys_given_twice_are_found() -> None:
    text = '{"StartAt": "A",\n "States": {"A": {"Type": "Pass", "End": true,\n "End": true}}}'
    (found,) = validate(text)
    assert (found.code, found.line, found.column) == (Code.JSON, 3, 2)
    assert found.message == "Duplicate field 'End'"
    yaml = "StartAt: A\nStates:\n  A: {Type: Pass, End: true}\n  A: {Type: Succeed}\n"
    assert places(yaml) == [(4, 3, "/States/A")]


def test_a_mapping_has_no_lines() -> None:
    (found,) = validate({"StartAt": "A", "States": {"A": {"Type": "Pass"}}})
    assert (found.line, found.column) == (None, None)
    assert "line" not in found.to_json()


def test_a_missing_part_is_placed_at_what_lacks_it() -> None:
    assert places('{"StartAt": "A",\n "States": {"A": {"Type": "Pass"}}}') == [(2, 18, "/States/A")]


def test_deep_nesting_is_refused() -> None:
    text = (
        '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "Result": '
        + "[" * 500
        + "]" * 500
        + "}}}"
    )
    (found,) = validate(text)
    assert "nests" in found.message
    (found,) = validate('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    assert found.code == Code.JSON


def test_a_definition_has_at_most_one_mebibyte() -> None:
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True, "Comment": "é" * 530_000}}}
    assert [one.code for one in validate(json.dumps(machine, ensure_ascii=False))] == [Code.LIMIT]
    machine["States"]["A"]["Comment"] = "é" * 520_000  # type: ignore[index]
    assert validate(json.dumps(machine, ensure_ascii=False)).ok


def test_the_answer_has_the_shape_of_the_api() -> None:
    found = validate('{"States": {"A": {"Type": "Pass"}}}')
    answer = found.to_json(limit=1)
    assert (answer["result"], answer["truncated"], len(answer["diagnostics"])) == ("FAIL", True, 1)
    assert answer["diagnostics"][0] == {
        "severity": "ERROR",
        "code": "SCHEMA_VALIDATION_FAILED",
        "message": "These fields are required: [StartAt]",
        "location": "/",
        "line": 1,
        "column": 1,
    }
    assert validate('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}').to_json()["result"] == "OK"


def test_a_definition_is_parsed_from_json_or_yaml() -> None:
    assert parse_definition('{"a": [1, "x"]}') == parse_definition("a: [1, x]") == {"a": [1, "x"]}
    assert parse_definition("a: 2030-01-01\nb: on\nc: 1.5\nd: ~\ne: 0x1F") == {
        "a": "2030-01-01", "b": "on", "c": 1.5, "d": None, "e": "0x1F"
    }  # fmt: skip
    with pytest.raises(SourceProblem):
        parse_definition("{")
