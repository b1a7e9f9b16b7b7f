"""Whatever is loaded: a pipeline, or findings with places. Never a traceback."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.pipeline import check, compile_pipeline, load_document, parse_document
from bunsui.core.pipeline.meaning import check_meaning
from bunsui.core.pipeline.shape import check_shape
from bunsui.errors import BunsuiError, DefinitionInvalid

TEXT = (Path(__file__).parents[4] / "examples" / "taxi_month" / "pipeline.yaml").read_text(encoding="utf-8")
PIECES = [
    *("{% $jobs.", " %}", "{%", "'", '"', "*a", "&a ", "- ", ": ", "\n", "  ", "|\n", "!!", "?", "\t"),
    *("[", "]", "{", "}", "\x85", "#", "$", "`", "/", "é"),
]
WORDS = [
    *("lambda", "ecs", "aws", "operations", "kind", "input", "handler", "needs", "map", "items", "retry"),
    *("when", "approval", "timeout", "jobs", "params", "name", "output"),
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["{% $jobs.a.x %}", "{% $item + %}", "15m", "h:f", "a", "b", "{%", "secret", "x" * 300]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*WORDS, "a", "b"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def load(text: str) -> None:
    """Load and compile; what is wrong has a place in the text."""
    document = parse_document(text, "f.yaml")
    lines = (
        text.count("\n")
        + text.count("\r")
        + text.count("\x85")
        + text.count("\u2028")
        + text.count("\u2029")
        + 1
    )
    try:
        compile_pipeline(load_document(document, handlers=False).pipeline)
    except DefinitionInvalid as exc:
        found: Any = exc.details["findings"]
        assert found
        assert all(1 <= one["line"] <= lines and one["column"] >= 1 for one in found)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    load(text)


@given(st.lists(st.sampled_from([*PIECES, *WORDS]), max_size=40).map("".join))
def test_pieces_of_yaml(text: str) -> None:
    load(text)


@given(st.data())
def test_mutated_definitions(data: st.DataObject) -> None:
    text = TEXT
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        piece = data.draw(st.sampled_from([*PIECES, *WORDS, ""]) | st.text(max_size=3))
        text = text[:start] + piece + text[end:]
    load(text)


@given(VALUES)
def test_any_document(value: Any) -> None:
    document: Any = {"name": "p", "jobs": {"a": {"lambda": {"handler": "h:f"}}}}
    if isinstance(value, dict):
        document |= value
        document["jobs"] = {"a": value, "b": value.get("jobs", value)}
    with contextlib.suppress(yaml.YAMLError, UnicodeError):
        load(yaml.safe_dump(document))
    check_meaning(document)
    pipeline, problems = check_shape(document)
    assert (pipeline is None) <= bool(problems)
    if pipeline is not None:
        check(pipeline)
        with contextlib.suppress(BunsuiError):
            compile_pipeline(pipeline)
