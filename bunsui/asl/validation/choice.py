"""Choice rules of both query languages.

Source: "Choice workflow state" of the developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.asl.validation import expressions, templates, values
from bunsui.asl.validation.findings import Site
from bunsui.asl.validation.records import Field, Record

_VALUES: dict[str, values.Check] = {
    "String": values.string,
    "Numeric": values.number(float("-inf")),
    "Timestamp": values.timestamp,
    "Boolean": values.boolean,
}
_TESTS = {
    "String": "Equals LessThan GreaterThan LessThanEquals GreaterThanEquals",
    "Numeric": "Equals LessThan GreaterThan LessThanEquals GreaterThanEquals",
    "Timestamp": "Equals LessThan GreaterThan LessThanEquals GreaterThanEquals",
    "Boolean": "Equals",
}


def _operators() -> dict[str, values.Check]:
    found: dict[str, values.Check] = {"StringMatches": values.string}
    for kind, tests in _TESTS.items():
        for test in tests.split():
            found[kind + test] = _VALUES[kind]
            found[f"{kind}{test}Path"] = expressions.path
    for kind in ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp"):
        found[f"Is{kind}"] = values.boolean
    return found


OPERATORS = _operators()
"""The 39 comparison operators and what each compares with."""

COMBINATIONS = ("And", "Or", "Not")
_COMMON = {"Comment": Field(values.string), "Assign": Field(templates.assign)}


def rule(site: Site) -> None:
    """A rule at the top of Choices: it has a Next."""
    if site.jsonata:
        _JSONATA_RULE(site)
    elif not isinstance(site.value, Mapping):
        site.error("Expected an object")
    else:
        _path_rule(site, top=True)


def condition(site: Site) -> None:
    """Condition: true, false or an expression that gives one of them."""
    if isinstance(site.value, bool):
        return
    if expressions.is_expression(site.value):
        expressions.expression(site)
    else:
        site.error("Expected a JSONata expression in '{% %}', true or false")


_JSONATA_RULE = Record(
    {
        "Condition": Field(condition, required=True),
        "Next": Field(values.string, required=True),
        "Output": Field(templates.value),
        **_COMMON,
    }
)


def _path_rule(site: Site, *, top: bool) -> None:
    tests = [key for key in site.value if key in OPERATORS or key in COMBINATIONS]
    if len(tests) != 1:
        names = f": [{', '.join(tests)}]" if tests else ""
        site.error(f"A Choice Rule must have exactly one comparison operator{names}")
    if top and "Next" not in site.value:
        site.error("These fields are required: [Next]")
    for key in site.value:
        _rule_field(site, key, top=top)
    if any(test in OPERATORS for test in tests) and "Variable" not in site.value:
        site.error("These fields are required: [Variable]")


def _rule_field(site: Site, key: str, *, top: bool) -> None:
    if key in OPERATORS:
        OPERATORS[key](site.child(key))
    elif key in COMBINATIONS:
        _combination(site.child(key))
    elif key == "Variable":
        expressions.path(site.child(key))
    elif key == "Next" and top:
        values.string(site.child(key))
    elif key in _COMMON and (top or key == "Comment"):
        _COMMON[key].check(site.child(key))
    else:
        _refuse(site, key)


def _refuse(site: Site, key: str) -> None:
    if key == "Next":
        site.error("Only the outermost Choice Rule may have a Next", key=key, at_key=True)
    elif key == "Condition":
        site.error(
            "The field 'Condition' is not supported when QueryLanguage is 'JSONPath'", key=key, at_key=True
        )
    else:
        site.error("Field is not supported", key=key, at_key=True)


def _combination(site: Site) -> None:
    if site.path[-1] == "Not":
        _nested(site)
    else:
        values.non_empty(_nested, "Choice Rules")(site)


def _nested(site: Site) -> None:
    if isinstance(site.value, Mapping):
        _path_rule(site, top=False)
    else:
        site.error("Expected an object")
