"""The response of TestState, made from a watched execution."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bunsui.asl.errors import StateFailure
from bunsui.asl.retry import Retrier, matches
from bunsui.asl.states.base import Catcher
from bunsui.asl.test_state.execution import WatchedExecution
from bunsui.asl.test_state.request import Request
from bunsui.asl.test_state.trace import Seen, shown

_NUMBERS = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")


def response(execution: WatchedExecution, request: Request, seen: Seen) -> dict[str, Any]:
    """Status, output or error, next state, and ``inspectionData`` above the level INFO."""
    failure = execution.failure
    answer: dict[str, Any] = {"status": _status(execution)}
    if failure is not None:
        answer |= {"error": failure.error, "cause": failure.cause}
    elif answer["status"] == "FAILED":
        answer |= {"error": execution.error, "cause": execution.cause}
    if answer["status"] in ("SUCCEEDED", "CAUGHT_ERROR"):
        answer["output"] = json.dumps(execution.output)
        answer["nextState"] = execution.next_state
    if request.level != "INFO":
        answer["inspectionData"] = _inspection(execution, request, seen)
    return {name: value for name, value in answer.items() if value is not None}


def _status(execution: WatchedExecution) -> str:
    if execution.failure is None:
        return "FAILED" if execution.status == "TIMED_OUT" else "SUCCEEDED"
    if execution.status == "RUNNING":
        return "RETRIABLE"
    return "CAUGHT_ERROR" if execution.status == "SUCCEEDED" else "FAILED"


def _inspection(execution: WatchedExecution, request: Request, seen: Seen) -> dict[str, Any]:
    state = execution.machine.first
    steps = {"input": request.input, **shown(state.spec, state.language, seen)}
    data = {name: value if name in _NUMBERS else json.dumps(value) for name, value in steps.items()}
    if execution.variables:
        data["variables"] = json.dumps(execution.variables)
    if execution.failure is not None:
        details = _error_details(execution, request, execution.failure)
        data |= {"errorDetails": details} if details else {}
    return data


def _error_details(execution: WatchedExecution, request: Request, failure: StateFailure) -> dict[str, Any]:
    state = execution.machine.first
    retry, catch = _first(state.retriers, failure), _first(state.catchers, failure)
    details: dict[str, Any] = {}
    if retry is not None:
        details["retryIndex"] = retry
    if retry is not None and execution.status == "RUNNING":
        delay = state.retriers[retry].delay(request.configuration.retries, execution.chance)
        details["retryBackoffIntervalSeconds"] = round(delay)
    elif catch is not None:
        details["catchIndex"] = catch
    return details


def _first(handlers: Iterable[Retrier | Catcher], failure: StateFailure) -> int | None:
    """The index of the Retrier or Catcher that is there for a failure."""
    for at, handler in enumerate(handlers):
        if matches(handler.errors, failure.error, failure.aliases, task=failure.task):
            return at
    return None
