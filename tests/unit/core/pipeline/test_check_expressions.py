"""Errors in expressions are placed where they stand in the file."""

from __future__ import annotations

from tests.unit.core.pipeline.loading import HEAD, only


def test_places_in_folded_texts() -> None:
    head = "params: {day: {}}\njobs:\n  a:\n    lambda:\n      handler: h:f\n      input: >-\n"
    text = f"{HEAD}{head}        {{% $params.day\n        & $params.dya %}}\n"
    assert only(text) == (9, 19, "jobs.a.lambda.input", "there is no parameter 'dya'", "day")


def test_places_behind_quotes() -> None:
    text = (
        HEAD
        + "params: {day: {}}\njobs: {a: {lambda: {handler: 'h:f', input: '{% ''x'' & $params.dya %}'}}}\n"
    )
    assert only(text)[:2] == (3, text.split("\n")[2].index("dya") + 1)
