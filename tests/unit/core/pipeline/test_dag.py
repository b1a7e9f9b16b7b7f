"""Who needs whom."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import Dag
from bunsui.errors import DefinitionInvalid
from tests.unit.core.pipeline.shapes import pipeline_of, random_needs

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": []}


def test_relations() -> None:
    dag = Dag(pipeline_of(DIAMOND))
    assert dag.order == ("a", "b", "c", "d", "e")
    assert dag.needs["d"] == {"b", "c"}
    assert dag.dependents["a"] == {"b", "c"}
    assert dag.upstream("d") == {"a", "b", "c"}
    assert dag.downstream("a") == {"b", "c", "d"}
    assert dag.downstream_of(["b", "e"]) == {"d"}


def test_critical_path() -> None:
    dag = Dag(pipeline_of(DIAMOND))
    assert dag.critical_path({"a": 1, "b": 2, "c": 5, "d": 1, "e": 3}) == (7, ("a", "c", "d"))


def test_expressions_imply_needs() -> None:
    body: dict[str, Any] = {"handler": "h:f"}
    jobs = {
        "load-all": {"lambda": body},
        "b": {"lambda": body},
        "c": {
            "lambda": {
                **body,
                "input": {"x": ["{% $jobs.`load-all`.path %}"], "y": "{% '$jobs.b' /* $jobs.b */ %}"},
            }
        },
        "d": {"lambda": body, "when": '{% $jobs."load-all".ok and $jobs . b %}'},
        "e": {"lambda": body, "approval": {"message": "Publish {% $jobs.d.rows %} rows, $jobs.b?"}},
    }
    dag = Dag(Pipeline.model_validate({"name": "p", "jobs": jobs}))
    assert dag.needs["c"] == {"load-all"}
    assert dag.needs["d"] == {"load-all", "b"}
    assert dag.needs["e"] == {"d"}


def test_cycles_are_named_whole() -> None:
    with pytest.raises(DefinitionInvalid, match="a -> c -> b -> a"):
        Dag(pipeline_of({"a": ["c"], "b": ["a"], "c": ["b"], "d": ["c"]}))
    with pytest.raises(DefinitionInvalid, match="a -> a"):
        Dag(pipeline_of({"a": ["a"]}))


def test_unknown_needs_name_the_nearest() -> None:
    with pytest.raises(DefinitionInvalid, match=r"there is no job 'lod'.*did you mean load"):
        Dag(pipeline_of({"load": [], "b": ["lod"]}))


@pytest.mark.parametrize("seed", range(20))
def test_order_is_topological(seed: int) -> None:
    needs = random_needs(random.Random(seed))
    dag = Dag(pipeline_of(needs))
    rank = {job: index for index, job in enumerate(dag.order)}
    assert sorted(dag.order) == sorted(needs)
    assert all(rank[before] < rank[job] for job in needs for before in needs[job])
    assert all((one in dag.upstream(two)) == (two in dag.downstream(one)) for one in needs for two in needs)


def test_long_chains() -> None:
    needs = {f"j{number}": [f"j{number - 1}"] if number else [] for number in range(1_200)}
    dag = Dag(pipeline_of(needs))
    assert len(dag.upstream("j1199")) == 1_199
    assert len(dag.paths()) == 1
