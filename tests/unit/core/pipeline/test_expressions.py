"""Templates are evaluated as the Amazon States Language does."""

from __future__ import annotations

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline import TASK_TOKEN, Bindings, evaluate, render
from bunsui.errors import RunFailed

BINDINGS = Bindings(
    params={"month": "2019-03", "n": 2},
    jobs={"a-b": {"rows": [1, 2], "none": None}},
    session={"id": "s"},
    item=[7],
)


@pytest.mark.parametrize(
    "template, value",
    [
        ("plain", "plain"),
        ("{% $params.month %}", "2019-03"),
        ({"x": ["{% $params.n + 1 %}", 5, None, True]}, {"x": [3, 5, None, True]}),
        ("{% $jobs.`a-b`.rows %}", [1, 2]),
        ("{% $jobs.`a-b`.none %}", None),
        ("{% $item[0] & $session.id %}", "7s"),
        ("{% $token %}", TASK_TOKEN),
        ("not {% $params.n %}", "not {% $params.n %}"),
        (" {% $params.n %}", " {% $params.n %}"),
    ],
)
def test_values(template: JsonValue, value: JsonValue) -> None:
    assert evaluate(template, BINDINGS) == value


@pytest.mark.parametrize("text", ["$jobs.missing.rows", "$params.month + 1", "$error('no')", "$lowercase(5)"])
def test_failures_are_query_evaluation_errors(text: str) -> None:
    with pytest.raises(RunFailed) as caught:
        evaluate([{"deep": f"{{% {text} %}}"}], BINDINGS)
    assert caught.value.details == {"error": "States.QueryEvaluationError", "expression": text}


def test_item_is_unbound_outside_maps() -> None:
    with pytest.raises(RunFailed, match="undefined"):
        evaluate("{% $item %}", Bindings())


def test_texts_for_people() -> None:
    assert (
        render("Publish {% $params.month %} ({% $params.n %} files)?", BINDINGS)
        == "Publish 2019-03 (2 files)?"
    )
