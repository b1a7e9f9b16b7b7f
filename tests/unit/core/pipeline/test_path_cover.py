"""Every job on exactly one path, along real dependencies, with as few paths as there can be."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from bunsui.core.pipeline import Dag
from bunsui.core.pipeline.path_cover import path_cover
from tests.unit.core.pipeline.shapes import pipeline_of, random_needs


def fewest(edges: dict[str, frozenset[str]]) -> int:
    """Nodes less the size of a maximum matching, by plain augmentation."""
    before: dict[str, str] = {}

    def grow(node: str, seen: set[str]) -> bool:
        for to in edges[node] - seen:
            seen.add(to)
            if to not in before or grow(before[to], seen):
                before[to] = node
                return True
        return False

    return len(edges) - sum(grow(node, set()) for node in edges)


@pytest.mark.parametrize("seed", range(60))
def test_cover_is_exact_and_smallest(seed: int) -> None:
    dag = Dag(pipeline_of(random_needs(random.Random(seed))))
    paths = path_cover(dag.order, dag.dependents)
    assert sorted(job for path in paths for job in path) == sorted(dag.order)
    assert all(one in dag.needs[two] for path in paths for one, two in pairwise(path))
    assert len(paths) == fewest(dict(dag.dependents))


def test_branches_of_a_diamond() -> None:
    dag = Dag(pipeline_of({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}))
    assert dag.paths() == [["a", "b", "d"], ["c"]]
