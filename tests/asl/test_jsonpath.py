from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.jsonpath import JsonPathError, JsonPathNotFound, compile_path

DOCUMENT = {
    "a": [{"b": 1, "t": "tool_use"}, {"b": 2, "c": None}],
    "detail-type": "x",
    "o": {"x y": [1, 2, 3], "it's": 4, "back\\slash": 5},
}


@pytest.mark.parametrize(
    "path, value",
    [
        ("$", DOCUMENT),
        ("$.a[0].b", 1),
        ("$.a.[0].b", 1),
        ("$.a[-1].b", 2),
        ("$.a[(@.length-1)].b", 2),
        ("$['o']['x y'][1:]", [2, 3]),
        ("$.o['x y'][::2]", [1, 3]),
        ("$.o['x y'][0,2]", [1, 3]),
        (r"$.o['it\'s']", 4),
        (r"$.o['back\slash']", 5),
        ("$.a[*].b", [1, 2]),
        ("$..b", [1, 2]),
        ("$.a[?(@.t==tool_use)].b", [1]),
        ("$.a[?(@.t == 'tool_use' && @.b < 2)].b", [1]),
        ("$.a[?(@.c)].b", [2]),
        ("$.a[?(!@.c || @.b in [7, 2])].b", [1, 2]),
        ("$.a[?(@.t =~ /TOOL.*/i)].b", [1]),
        ("$.a[?(@.b > $.a[0].b)].b", [2]),
        ("$.o['x y'].length()", 3),
        ("$.o['x y'].max()", 3),
        ("$.detail-type ", "x"),
        ("$.a[0]['b','t']", {"b": 1, "t": "tool_use"}),
    ],
)
def test_values(path: str, value: Any) -> None:
    assert compile_path(path).get(DOCUMENT) == value


@pytest.mark.parametrize(
    "path", ["$.nope", "$.a[2]", "$.a.b", "$.detail-type[0]", "$.o.length.x", "$.a[0].b.c"]
)
def test_a_definite_path_that_selects_nothing_fails(path: str) -> None:
    with pytest.raises(JsonPathNotFound):
        compile_path(path).get(DOCUMENT)


@pytest.mark.parametrize("path", ["$.nope[*]", "$.nope[1:].x", "$..nope", "$.a[?(@.b > 7)]", "$.a[*].nope"])
def test_an_indefinite_path_that_selects_nothing_is_empty(path: str) -> None:
    assert compile_path(path).get(DOCUMENT) == []


@pytest.mark.parametrize(
    "path, position",
    [
        ("a", 0),
        ("$.", 2),
        ("$.a[", 4),
        ("$.a[x]", 4),
        ("$.a b", 3),
        ("$.a['b", 4),
        ("$.a[?(@.b]", 9),
        ("$.a[::0]", 8),
    ],
)
def test_errors_tell_the_position(path: str, position: int) -> None:
    with pytest.raises(JsonPathError) as caught:
        compile_path(path)
    assert caught.value.position == position


def test_kinds_of_paths() -> None:
    assert compile_path("$$.Execution.Id").is_context
    assert compile_path("$name.a").variable == "name"
    assert compile_path("$.a[0]").reference
    assert compile_path("$.a[-1]").definite
    assert not compile_path("$.a[-1]").reference
    assert not compile_path("$.a[*]").definite


def test_put_copies_what_it_changes() -> None:
    document: dict[str, Any] = {"a": [{"b": 1}], "c": {}}
    assert compile_path("$.a[0].d.e").put(document, 7) == {"a": [{"b": 1, "d": {"e": 7}}], "c": {}}
    assert document == {"a": [{"b": 1}], "c": {}}
    for path in ("$.a[1]", "$.a.b", "$.a[0].b.c"):
        with pytest.raises(JsonPathNotFound):
            compile_path(path).put(document, 7)


KEYS = st.text(alphabet="abc'\"\\ .[]é", min_size=1, max_size=4)


@given(st.lists(st.one_of(KEYS, st.integers(0, 2)), max_size=5), st.integers())
def test_what_is_put_is_found(keys: list[str | int], value: int) -> None:
    document: Any = value + 1
    for key in reversed(keys):
        document = {key: document} if isinstance(key, str) else [0] * key + [document]
    parts = (
        f"[{k}]" if isinstance(k, int) else "['" + k.replace("\\", "\\\\").replace("'", "\\'") + "']"
        for k in keys
    )
    path = compile_path("$" + "".join(parts))
    assert path.get(path.put(document, value)) == value
    assert path.get(document) == value + 1
