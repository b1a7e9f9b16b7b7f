"""Retry and Catch.

Source: "Handling errors in Step Functions workflows" of the developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.asl.validation import expressions, templates, values
from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site
from bunsui.asl.validation.model import JSONATA, JSONPATH
from bunsui.asl.validation.records import Field, Record

ALL = "States.ALL"
ERROR_NAMES = frozenset(
    f"States.{name}"
    for name in (
        "ALL BranchFailed DataLimitExceeded ExceedToleratedFailureThreshold HeartbeatTimeout Http.Socket "
        "Http.Timeout IntrinsicFailure ItemReaderFailed NoChoiceMatched ParameterPathFailure Permissions "
        "QueryEvaluationError ResultPathMatchFailure ResultWriterFailed Runtime TaskFailed Timeout"
    ).split()
)
MAX_DELAY = 31_622_400


def error_name(site: Site) -> None:
    """An error that a Retrier or Catcher stands for; names under ``States.`` are reserved."""
    if not isinstance(site.value, str):
        site.error("Expected a string")
    elif site.value.startswith("States.") and not _is_reserved(site.value):
        site.warn(
            f"{site.value} is no error of Step Functions; names with 'States.' are reserved", Code.ERROR_NAME
        )


def _is_reserved(name: str) -> bool:
    return name in ERROR_NAMES or name.startswith("States.Http.StatusCode.")


_ERRORS = Field(values.non_empty(error_name, "error names"), required=True)

RETRIER = Record(
    {
        "ErrorEquals": _ERRORS,
        "IntervalSeconds": Field(values.integer(1)),
        "MaxAttempts": Field(values.integer(0)),
        "BackoffRate": Field(values.number(1)),
        "MaxDelaySeconds": Field(values.integer(1, MAX_DELAY - 1)),
        "JitterStrategy": Field(values.one_of("FULL", "NONE")),
        "Comment": Field(values.string),
    }
)

CATCHER = Record(
    {
        "ErrorEquals": _ERRORS,
        "Next": Field(values.string, required=True),
        "ResultPath": Field(values.nullable(expressions.result_path), language=JSONPATH),
        "Output": Field(templates.value, language=JSONATA),
        "Assign": Field(templates.assign),
        "Comment": Field(values.string),
    }
)


def retry(site: Site) -> None:
    """The list of Retriers of a state."""
    values.list_of(RETRIER, "Retriers")(site)
    _all_comes_last(site)


def catch(site: Site) -> None:
    """The list of Catchers of a state."""
    values.list_of(CATCHER, "Catchers")(site)
    _all_comes_last(site)


def _all_comes_last(site: Site) -> None:
    """``States.ALL`` must stand alone in its list, and its Retrier or Catcher must be the last one."""
    handlers = site.value if isinstance(site.value, list) else []
    for index, handler in enumerate(handlers):
        names = handler.get("ErrorEquals") if isinstance(handler, Mapping) else None
        if not isinstance(names, list) or ALL not in names:
            continue
        place = site.child(index)
        if len(names) > 1:
            place.error(f"{ALL} must appear alone", key="ErrorEquals")
        if index + 1 < len(handlers):
            kind = "Retrier" if site.path[-1] == "Retry" else "Catcher"
            place.error(f"{ALL} must appear in the last {kind}", key="ErrorEquals")
