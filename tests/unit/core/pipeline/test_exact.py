"""Whole numbers that doubles do not keep go through expressions as they are."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import LambdaOperation, StepFunctionsOperation
from bunsui.core.pipeline import Bindings, evaluate, render
from bunsui.core.pipeline.items import called_with
from bunsui.errors import RunFailed

LARGE, NEXT, NEGATIVE = 2**53 + 1, 2**53 + 2, -(2**63)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.text("a\ue000\ue0010", max_size=3) | st.integers(NEGATIVE, 2**64 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
BINDINGS = Bindings(
    jobs={
        "a": {"id": LARGE, "ids": [NEXT, NEGATIVE, LARGE], "name": "x", "rows": 3, "same": LARGE},
        "b": {"name": f"x-{LARGE}", str(LARGE): str(LARGE)},
    },
    item={"id": NEXT},
)


@given(VALUES)
def test_what_is_handed_on_is_what_was_given(value: JsonValue) -> None:
    held = evaluate("{% $jobs.a %}", Bindings(jobs={"a": {"value": value}}))
    assert held == {"value": value}
    both = evaluate("{% [$jobs.a, $jobs.b] %}", Bindings(jobs={"a": {"value": value}, "b": LARGE}))
    assert both == [{"value": value}, LARGE]


BEYOND = st.integers(NEGATIVE, -LARGE) | st.integers(LARGE, 2**64 - 1)


@given(BEYOND, BEYOND)
def test_any_two_of_them_are_written_and_compared(one: int, other: int) -> None:
    text = "['a' & $item.a, $string($item), {'k' & $item.b: 1}, $item.a = $item.b, $item.a < $item.b]"
    item: JsonValue = {"a": one, "b": other, "c": str(one)}
    assert evaluate(f"{{% {text} %}}", Bindings(item=item)) == [
        f"a{one}",
        orjson.dumps(item).decode(),
        {f"k{other}": 1},
        one == other,
        one < other,
    ]


@pytest.mark.parametrize(
    "text, value",
    [
        ("$jobs.a.id", LARGE),
        ("$jobs.a.ids[1]", NEGATIVE),
        ("$sort($jobs.a.ids)", [NEGATIVE, LARGE, NEXT]),
        ("{'of': $jobs.a.id, 'rows': $jobs.a.rows + 1}", {"of": LARGE, "rows": 4}),
        ("$string($jobs.a.id) & '/' & $jobs.a.name", f"{LARGE}/x"),
        ("'run-' & $jobs.a.id", f"run-{LARGE}"),
        ("{$string($jobs.a.id): 1}", {str(LARGE): 1}),
        ("$jobs.a.id = $jobs.a.same", True),
        ("$jobs.a.id = $item.id", False),
        ("$jobs.a.id in $jobs.a.ids", True),
        ("$jobs.a.ids[$ = $item.id]", NEXT),
        ("$count($jobs.a.ids)", 3),
        ("$jobs.a.rows * 2", 6),
        ("$jobs.a.id ? 1 : 2", 1),
        ("$string($jobs.a.id)", str(LARGE)),
        ("'' & $jobs.a.id", str(LARGE)),
        ("$map($jobs.a.ids, $string)", [str(NEXT), str(NEGATIVE), str(LARGE)]),
        ("$string($jobs.a)", orjson.dumps(BINDINGS.jobs["a"]).decode()),
        ("$string({'quoted': $string($item.id)})", f'{{"quoted":"{NEXT}"}}'),
        ("'\"' & $jobs.a.id & '\"'", f'"{LARGE}"'),
        ("$join($map($jobs.a.ids, $string), ',')", f"{NEXT},{NEGATIVE},{LARGE}"),
        ("$substringAfter('x/' & $jobs.a.id, '/')", str(LARGE)),
        ("$length($jobs.a.name)", 1),
        ("$jobs.b", {"name": f"x-{LARGE}", f"{LARGE}": str(LARGE)}),
    ],
)
def test_expressions_keep_them(text: str, value: JsonValue) -> None:
    assert evaluate(f"{{% {text} %}}", BINDINGS) == value


def test_they_are_seen_in_texts_for_people() -> None:
    assert render("load {% $jobs.a.id %} of {% $jobs.a.ids %}", BINDINGS) == (
        f"load {LARGE} of {[NEXT, NEGATIVE, LARGE]}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "$jobs.a.id + 1",
        "$sum($jobs.a.ids)",
        "$jobs.a.id > 5",
        "$jobs.a.id < 'a'",
        "$number($jobs.a.id)",
        "$type($jobs.a.id)",
        "$jobs.a.ids[$type($) = 'number']",
        "$jobs.a.ids[$jobs.a.id]",
        "$length($string($jobs.a.id))",
        "$substring($string($jobs.a.id), 0, 4)",
        "$substringBefore($string($jobs.a.id), '9')",
        "$replace($string($jobs.a.id), /[0-9]+/, 'x')",
        "$split($string($jobs.a.id), '')",
        "$contains($string($jobs.a.id), /^9/)",
        "$pad($string($jobs.a.id), 30, '0')",
        "$base64encode($string($jobs.a.id))",
        "$encodeUrlComponent($string($jobs.a.id))",
        "$hash($string($jobs.a.id), 'SHA-256')",
        f"$jobs.a.id = {LARGE}",
        f"$jobs.a.id in [{LARGE}]",
        f"$string($jobs.a.id) = '{LARGE}'",
        f"$string($jobs.a.id) = $jobs.b.'{LARGE}'",
        "'x-' & $jobs.a.id = $jobs.b.name",
        "$exists($lookup($jobs.b, $string($jobs.a.id)))",
    ],
)
def test_who_calculates_with_one_is_told(text: str) -> None:
    with pytest.raises(RunFailed, match=r"beyond 9,007,199,254,740,992, which expressions hand on") as caught:
        evaluate(f"{{% {text} %}}", BINDINGS)
    assert "\ue000" not in caught.value.message


def test_a_service_is_not_given_a_number_that_its_machine_changes() -> None:
    nested = StepFunctionsOperation(state_machine="arn:aws:states:eu-west-1:000000000000:stateMachine:m")
    with pytest.raises(RunFailed, match="the state machine would change"):
        called_with(nested, {"id": LARGE})
    assert called_with(nested, {"id": LARGE - 1}) == {"id": LARGE - 1}
    assert called_with(LambdaOperation(handler="h:f"), {"id": LARGE}) == {"id": LARGE}
