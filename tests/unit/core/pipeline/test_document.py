"""What is wrong with a text, and where the parts of it stand."""

from __future__ import annotations

import pytest

from bunsui.core.pipeline import parse_document
from bunsui.core.pipeline.findings import Problem


@pytest.mark.parametrize(
    "text, place, message",
    [
        ("a: [", (1, 5), "no YAML"),
        ("a: 1\n b: 2", (2, 3), "no YAML"),
        ("a: 1\na: 2", (2, 1), "twice"),
        ("{a: {b: 1, b: 2}}", (1, 12), "twice"),
        ("a: *b", (1, 4), "no anchor"),
        ("a: &x [*x]", (1, 8), "inside its own anchor"),
        ("a: 1\n---\nb: 1", (3, 1), "one document"),
        ("<<: {a: 1}", (1, 1), "merge keys"),
        ("5: a", (1, 1), "must be text"),
        ("? [a]\n: b", (1, 3), "must be text"),
        ("a: !Ref x", (1, 4), "no meaning"),
        ("a: .inf", (1, 4), "infinity"),
        ("a: 1e999", (1, 4), "too large"),
        ("a: 010", (1, 4), "octal, decimal or text"),
        ("a: [-08]", (1, 5), "octal, decimal or text"),
        ("a: 00.5", (1, 4), "octal, decimal or text"),
        ("a: !!int 010", (1, 4), "octal, decimal or text"),
        ("a: !!bool yes", (1, 4), "has no meaning"),
        ("a: 9223372036854775808", (1, 4), "64 bits"),
        ("a: 99999999999999999999", (1, 4), "64 bits"),
        ("a: " + "9" * 5000, (1, 4), "64 bits"),
        ("a: " + "[" * 60, (1, 43), "deeper than 40"),
        ("", (1, 1), "empty"),
        ("# nothing", (1, 1), "empty"),
        ("a: \x00", (1, 1), "no YAML"),
        ("a: \ud800", (1, 1), "no YAML"),
    ],
)
def test_errors_of_the_text(text: str, place: tuple[int, int], message: str) -> None:
    (found, *_) = parse_document(text).findings([])
    assert (found.line, found.column) == place
    assert message in found.message


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (found,) = parse_document("\n".join(lines)).findings([])
    assert "aliases expanded" in found.message


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_places_of_keys_and_values(newline: str) -> None:
    text = newline.join(["# é", "a:", "  - {b: '{% $x %}', c: 2}"])
    positions = parse_document(text).positions
    assert positions.place(Problem(path=("a", 0, "b"), message="")) == (3, 9)
    assert positions.place(Problem(path=("a", 0, "b"), message="", on_key=True)) == (3, 6)
    assert positions.place(Problem(path=("a", 0, "b"), message="", offset=3)) == (3, 13)
    assert positions.place(Problem(path=("a", 0, "missing", "deep"), message="")) == (3, 5)


def test_places_in_literal_texts() -> None:
    text = "a: |\n  {% $one\n     + $two %}\n"
    document = parse_document(text)
    assert isinstance(document.value, dict)
    offset = str(document.value["a"]).index("$two")
    assert document.positions.place(Problem(path=("a",), message="", offset=offset)) == (3, 8)
