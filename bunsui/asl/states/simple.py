"""Pass, Succeed, Fail and Wait."""

from __future__ import annotations

from typing import Any

from bunsui.asl.clock import parse_timestamp
from bunsui.asl.dataflow import Dataflow, JsonataDataflow, compile_dataflow, number_field
from bunsui.asl.errors import StateFailure
from bunsui.asl.failures import jsonata as jsonata_failure
from bunsui.asl.failures import runtime, text_of
from bunsui.asl.limits import MAX_STANDARD_SECONDS
from bunsui.asl.states.base import Spec, State
from bunsui.asl.strand import Engine, Pending, Phase, Strand
from bunsui.asl.template import Build, Constant, is_expression, jsonata_value, path_or_intrinsic
from bunsui.asl.timers import Timer


class Pass(State):
    """Pass: its result is ``Result``, or its arguments."""

    __slots__ = ("_has_result", "_result")

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        super().__init__(name, spec, language)
        self._has_result = "Result" in spec and language != "JSONata"
        self._result = spec.get("Result")

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        dataflow, value = self.dataflow, strand.value
        result = dataflow.arguments(strand, value)
        if self._has_result:
            result = self._result
        output, assigned = dataflow.output(strand, value, result)
        execution.leave(strand, self.next, output, assigned)


class Succeed(State):
    """Succeed: ends its strand."""

    __slots__ = ()

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        arguments = self.dataflow.arguments(strand, strand.value)
        output, assigned = self.dataflow.output(strand, strand.value, arguments)
        execution.leave(strand, None, output, assigned)


class Fail(State):
    """Fail: ends its strand with an error, which is handled where the strand began."""

    __slots__ = ("_cause", "_error")

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        super().__init__(name, spec, language)
        self._error = _text_field(spec, "Error", language)
        self._cause = _text_field(spec, "Cause", language)

    def compile_data(self) -> Dataflow:
        return compile_dataflow({}, self.language)

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        document = {"input": strand.value} if self.language == "JSONata" else strand.value
        error = _text(strand, self._error(strand, document), "Error")
        cause = _text(strand, self._cause(strand, document), "Cause")
        raise StateFailure(error, cause)


def _text(strand: Strand, value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise runtime(strand, f"The {name} of a Fail state must be a string but was {text_of(value)}")


def _text_field(spec: Spec, name: str, language: str) -> Build:
    if language == "JSONata":
        value = spec.get(name)
        return jsonata_value(value, name, "string") if is_expression(value) else Constant(value)
    if name + "Path" in spec:
        return path_or_intrinsic(spec[name + "Path"], name + "Path")
    return Constant(spec.get(name))


class Delay(Pending):
    """A timer that a strand waits for."""

    __slots__ = ("timer",)

    def __init__(self, timer: Timer) -> None:
        self.timer = timer

    def abort(self, *, record: bool) -> None:
        self.timer.cancel()


class Wait(State):
    """Wait: for a number of seconds, or until a time."""

    __slots__ = ("_seconds", "_timestamp", "_timestamp_text")

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        super().__init__(name, spec, language)
        self._seconds = number_field(spec, "Seconds", language)
        self._timestamp = self._compile_timestamp()
        self._timestamp_text = spec.get("TimestampPath") or spec.get("Timestamp")

    def _compile_timestamp(self) -> Build | None:
        if "TimestampPath" in self.spec:
            return path_or_intrinsic(self.spec["TimestampPath"], "TimestampPath")
        value = self.spec.get("Timestamp")
        if self.language == "JSONata" and is_expression(value):
            return jsonata_value(value, "Timestamp", "string")
        return None if value is None else Constant(value)

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        arguments = self.dataflow.arguments(strand, strand.value)
        due = execution.scaled(self._due(execution, strand, arguments))
        if due <= execution.now:
            self._leave(execution, strand)
            return
        strand.phase = Phase.WAITING
        timer = execution.timers.add(due, lambda: execution.resume(strand, self._leave))
        strand.pending = Delay(timer)

    def _due(self, execution: Engine, strand: Strand, value: Any) -> float:
        document = {"input": strand.value} if self.language == "JSONata" else value
        if self._timestamp is not None:
            return self._time(strand, self._timestamp(strand, document))
        seconds = self._seconds(strand, document) if self._seconds is not None else 0
        return execution.now + self._checked(strand, seconds)

    def _checked(self, strand: Strand, seconds: Any) -> float:
        is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not is_number or not seconds >= 0 or seconds % 1 != 0:
            reason = f"The SecondsPath parameter does not reference a valid integer: {self._shown()} == "
            raise runtime(strand, reason + text_of(seconds))
        return float(min(seconds, MAX_STANDARD_SECONDS * 100))

    def _shown(self) -> str:
        return str(self.spec.get("SecondsPath") or self.spec.get("Seconds"))

    def _time(self, strand: Strand, text: Any) -> float:
        at = parse_timestamp(text)
        if at is not None:
            return at
        if self.language == "JSONata":
            body = str(self._timestamp_text).removeprefix("{%").removesuffix("%}").strip()
            raise jsonata_failure(strand, body, "Timestamp", f"is not a valid timestamp: {text}")
        field = "TimestampPath" if "TimestampPath" in self.spec else "Timestamp"
        reason = (
            f"The {field} parameter does not reference a valid ISO-8601 extended offset"
            f" date-time format string: {self._timestamp_text} == {text}"
        )
        raise runtime(strand, reason)

    def _leave(self, execution: Engine, strand: Strand) -> None:
        arguments = strand.value
        if not isinstance(self.dataflow, JsonataDataflow):
            arguments = self.dataflow.arguments(strand, strand.value)
        output, assigned = self.dataflow.output(strand, strand.value, arguments)
        execution.leave(strand, self.next, output, assigned)

    def aborted(self, execution: Engine, strand: Strand) -> None:
        execution.record(strand, "WaitStateAborted")
