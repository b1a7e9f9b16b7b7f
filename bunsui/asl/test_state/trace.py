"""What TestState shows of the data on its way through a state (``inspectionData``).

`TracedDataflow` is the interpreter's own data flow that also keeps the value after each step.
"""

from __future__ import annotations

from typing import Any

from bunsui.asl.dataflow import JsonataDataflow, JsonPathDataflow, Spec
from bunsui.asl.states.base import State
from bunsui.asl.strand import Strand

Seen = dict[str, Any]

_RESULT = ("result", "afterResultSelector", "afterResultPath")
_CALL = ("afterInputPath", "afterParameters", *_RESULT)
_MAP = ("afterItemsPath", "afterItemsPointer", "afterItemSelector", "afterItemBatcher")
_LIMITS = ("toleratedFailureCount", "toleratedFailurePercentage", "maxConcurrency")
_SHOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "JSONPath": {
        "Pass": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
        "Task": _CALL,
        "Parallel": _CALL,
        "Map": ("afterInputPath", *_MAP, *_RESULT, *_LIMITS),
        "Choice": ("afterInputPath",),
        "Wait": ("afterInputPath",),
        "Succeed": ("afterInputPath",),
        "Fail": ("afterInputPath",),
    },
    "JSONata": {
        "Task": ("afterArguments", "result"),
        "Map": ("afterItemSelector", "afterItemBatcher", *_LIMITS),
    },
}
"""Which steps AWS shows for which type of state, in which query language."""


def shown(spec: Spec, language: str, seen: Seen) -> Seen:
    """The steps that belong into ``inspectionData``."""
    kind = spec["Type"]
    names = _SHOWN[language].get(kind, ())
    if kind == "Pass" and "Result" in spec:
        names = _RESULT  # of a Pass state with a fixed result AWS shows nothing of the input's way
    return {name: seen[name] for name in names if name in seen}


def trace(state: State, input: Any, seen: Seen) -> None:
    """Let a compiled state tell ``seen`` of its steps."""
    if state.kind == "Fail":
        seen["afterInputPath"] = input
    elif state.language == "JSONata":
        state.dataflow = TracedJsonata(state.spec, seen)
    else:
        state.dataflow = TracedDataflow(state.spec, state.parameters, seen, catchable=state.catchable)


class TracedDataflow(JsonPathDataflow):
    """The data flow of a JSONPath state, step by step."""

    __slots__ = ("_seen",)

    def __init__(self, spec: Spec, parameters: str, seen: Seen, *, catchable: bool) -> None:
        super().__init__(spec, parameters, catchable=catchable)
        self._seen = seen

    def arguments(self, strand: Strand, value: Any) -> Any:
        filtered = value if self._input is None else self._input(strand, value)
        self._seen["afterInputPath"] = filtered
        given = filtered if self._parameters is None else self._parameters(strand, filtered)
        self._seen["afterParameters"] = given
        return given

    def output(self, strand: Strand, value: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        self._seen["result"] = result
        selected = result if self._selector is None else self._selector(strand, result)
        self._seen["afterResultSelector"] = selected
        assigned = None if self._assign is None else self._assign(strand, selected)
        placed = selected if self._result_path is None else self._result_path.apply(strand, value, selected)
        self._seen["afterResultPath"] = placed
        return (placed if self._output is None else self._output(strand, placed)), assigned


class TracedJsonata(JsonataDataflow):
    """The data flow of a JSONata state."""

    __slots__ = ("_seen",)

    def __init__(self, spec: Spec, seen: Seen) -> None:
        super().__init__(spec)
        self._seen = seen

    def arguments(self, strand: Strand, value: Any) -> Any:
        given = super().arguments(strand, value)
        if self._arguments is not None:
            self._seen["afterArguments"] = given
        return given

    def output(self, strand: Strand, value: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        self._seen["result"] = result
        return super().output(strand, value, result)
