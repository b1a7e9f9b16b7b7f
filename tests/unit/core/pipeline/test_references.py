"""Which variables an expression names, found without evaluating it."""

from __future__ import annotations

import pytest

from bunsui.core.pipeline.references import references, scan


@pytest.mark.parametrize(
    "text, jobs",
    [
        ("$jobs.a.b", {"a"}),
        ("$jobs.`a-b`[0] + $jobs . c", {"a-b", "c"}),
        ('$jobs."x y".z', {"x y"}),
        ("'$jobs.a' & \"$jobs.b\" & `$jobs.c`", set()),
        ("/* $jobs.a */ 1", set()),
        ("$match(x, /$jobs.a/)", set()),
        ("$jobs.a / $jobs.b / 2", {"a", "b"}),
        ("[1, 2] / $jobs.a", {"a"}),
        ("$jobs.and.or", {"and"}),
        ("$jobsa.b", set()),
        ("$map($jobs.a.items, function($v) { $v.$jobs })", {"a"}),
    ],
)
def test_jobs(text: str, jobs: set[str]) -> None:
    assert references([f"{{% {text} %}}"]).jobs == jobs


@pytest.mark.parametrize(
    "text", ["$lookup($jobs, 'a')", "$jobs.*", "$jobs.(a)", "$jobs", "$jobs[0]", "$jobs.%"]
)
def test_uses_that_may_mean_any_job(text: str) -> None:
    assert references([f"{{% {text} %}}"]).dynamic == {"jobs"}


def test_variables_that_the_expression_binds_are_its_own() -> None:
    text = "($a := 1; $f := function($b, $c) { $b + $c }; $f($a, $d) ~> $e; x@$g.y#$h[$h > 1 and $g])"
    assert [reference.variable for reference in scan(text)] == ["d", "e"]


def test_places() -> None:
    (reference,) = scan(" $params . `a b`")
    assert (reference.at, reference.name, reference.name_at) == (1, "a b", 11)


def test_templates_are_searched_at_any_depth() -> None:
    found = references(
        [{"a": [{"b": "{% $params.x %}"}], "c": "$params.y", "d": "{% $params.z %} no"}, None, 5]
    )
    assert found.params == {"x"}
