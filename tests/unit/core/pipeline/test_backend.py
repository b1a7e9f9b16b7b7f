"""Limits and rules of the backends."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import (
    check_backend,
    load_document,
    load_pipeline,
    parse_document,
)
from bunsui.core.pipeline.backend import Backend


def found(backend: Backend, job: dict[str, Any], **settings: Any) -> list[tuple[str, str, str]]:
    body: dict[str, Any] = {"name": "p", "jobs": {"a": job}, **settings}
    return [
        (one.key, one.message, one.severity) for one in check_backend(Pipeline.model_validate(body), backend)
    ]


def test_the_example_suits_both(root: Any) -> None:
    loaded = load_pipeline(root / "examples" / "taxi_month")
    assert check_backend(loaded.pipeline, "aws", loaded.document) == []
    assert check_backend(loaded.pipeline, "local", loaded.document) == []


@pytest.mark.parametrize(
    "job, message",
    [
        ({"lambda": {"handler": "h:f", "memory": 100}}, "128 to 10240 MiB, not 100"),
        ({"lambda": {"handler": "h:f", "env": {"A": "x" * 5000}}}, "at most 4,096 bytes"),
        ({"ecs": {"image": "i", "command": ["x"], "cpu": 300}}, "CPU units, not 300"),
        (
            {"ecs": {"image": "i", "command": ["x"], "cpu": 256, "memory": 4096}},
            "512 to 2048 MiB in steps of 512",
        ),
    ],
)
def test_rules_of_aws_are_no_concern_locally(job: dict[str, Any], message: str) -> None:
    ((_, text, severity),) = found("aws", job)
    assert message in text
    assert severity == "error"
    assert found("local", job) == []


@pytest.mark.parametrize("backend", ["local", "aws"])
def test_rules_of_both(backend: Backend) -> None:
    overrides = {"ecs": {"image": "i", "command": ["x" * 9000]}}
    assert "ECS overrides have at most 8,192" in found(backend, overrides)[0][1]
    late = {"lambda": {"handler": "h:f"}, "timeout": "20m"}
    assert found(backend, late)[0][1] == "Lambda runs at most 900 s, the timeout is 1200 s"
    again = {"lambda": {"handler": "h:f"}, "retry": {"max_attempts": 10_000}}
    ((_, text, severity),) = found(backend, again)
    assert text.startswith("with every retry used the history would have ")
    assert severity == "warning"


def test_names_of_functions_are_bounded() -> None:
    name = "a" + "b" * 40
    pipeline = Pipeline.model_validate({"name": name, "jobs": {name: {"lambda": {"handler": "h:f"}}}})
    (one,) = check_backend(pipeline, "aws")
    assert "more than 64 characters" in one.message


def test_services_need_an_endpoint_locally() -> None:
    job = {"aws": {"resource": "arn:aws:states:::glue:startJobRun.sync"}}
    ((key, text, severity),) = found("local", job)
    assert (key, severity) == ("jobs.a.operations[0].aws", "warning")
    assert text.endswith("is not run here: it needs an endpoint or a mock")
    assert found("aws", job) == []
    assert found("aws", {"step_functions": {"state_machine": "m"}}) == []


def test_services_that_there_are_not() -> None:
    job = {"aws": {"resource": "arn:aws:states:::glue:startJobRunn.sync"}}
    ((_, text, severity),) = found("aws", job)
    assert "startJobRunn.sync is not recognized" in text
    assert severity == "error"


def test_places() -> None:
    text = "name: p\njobs:\n  a:\n    lambda: {handler: 'h:f', memory: 64}\n"
    loaded = load_document(parse_document(text, "f.yaml"), handlers=False)
    (one,) = check_backend(loaded.pipeline, "aws", loaded.document)
    assert str(one).startswith("f.yaml:4:38: jobs.a.lambda.memory: ")


@pytest.mark.parametrize("mode", ["inline", "distributed"])
def test_a_map_over_an_unknown_list_is_told_both_limits(mode: str) -> None:
    job = {"lambda": {"handler": "h:f"}, "map": {"items": "{% $params.days %}", "mode": mode}}
    pipeline = Pipeline.model_validate(
        {"name": "p", "params": {"days": {"type": "list"}}, "jobs": {"a": job}}
    )
    (found,) = [one for one in check_backend(pipeline, "aws") if one.key == "jobs.a.map"]
    assert found.severity == "warning"
    assert "25,000 events" in found.message
    assert "256 KiB" in found.message
