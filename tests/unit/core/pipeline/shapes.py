"""Pipelines of any shape, for tests."""

from __future__ import annotations

import random
from typing import Any

from bunsui.core.models.pipeline import Pipeline


def pipeline_of(needs: dict[str, list[str]], **settings: Any) -> Pipeline:
    """Lambda jobs that need each other as given."""
    jobs = {name: {"needs": before, "lambda": {"handler": "h:f"}} for name, before in needs.items()}
    return Pipeline.model_validate({"name": "p", "jobs": jobs, **settings})


def random_needs(chance: random.Random, most: int = 40) -> dict[str, list[str]]:
    """A random DAG: from single chains to nearly complete ones, defined in any order."""
    names = [f"j{number}" for number in range(chance.randint(1, most))]
    density = chance.choice([0.02, 0.1, 0.3, 0.8])
    needs = {
        name: [before for before in names[:index] if chance.random() < density]
        for index, name in enumerate(names)
    }
    order = chance.sample(names, len(names))
    return {name: needs[name] for name in order}
