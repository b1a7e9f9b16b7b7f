"""Task: one call of a Lambda function, an activity or a service integration."""

from __future__ import annotations

from typing import Any

from bunsui.asl.dataflow import as_number, number_field
from bunsui.asl.effects import StartTask
from bunsui.asl.errors import StateFailure
from bunsui.asl.failures import runtime, text_of
from bunsui.asl.limits import MAX_TIMEOUT
from bunsui.asl.payload import encode
from bunsui.asl.states.base import Spec, State
from bunsui.asl.states.resource import Resource
from bunsui.asl.strand import Call, Engine, Phase, Strand
from bunsui.asl.template import Build, jsonata_template, jsonpath_template
from bunsui.asl.timers import Timer


class Task(State):
    """A Task state."""

    catchable = True

    __slots__ = ("_credentials", "_heartbeat", "_timeout", "resource")

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        super().__init__(name, spec, language)
        self.resource = Resource(spec["Resource"])
        self._timeout = number_field(spec, "TimeoutSeconds", language)
        self._heartbeat = number_field(spec, "HeartbeatSeconds", language)
        self._credentials = self._compile_credentials()

    def _compile_credentials(self) -> Build | None:
        if "Credentials" not in self.spec:
            return None
        if self.language == "JSONata":
            return jsonata_template(self.spec["Credentials"], "Credentials")
        return jsonpath_template(self.spec["Credentials"])

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        self.again(execution, strand)

    def again(self, execution: Engine, strand: Strand) -> None:
        """Schedule the call; parameters are evaluated anew for every attempt."""
        strand.token = execution.new_token() if self.resource.has_token else None
        value = strand.value
        parameters = self.dataflow.arguments(strand, value)
        document = {"input": value} if self.language == "JSONata" else value
        timeout = self._seconds(strand, document, self._timeout, "TimeoutSeconds")
        heartbeat = self._seconds(strand, document, self._heartbeat, "HeartbeatSeconds")
        credentials = None if self._credentials is None else self._credentials(strand, document)
        if not isinstance(credentials, dict | None):
            raise runtime(strand, f"The field 'Credentials' must be an object but was {text_of(credentials)}")
        OpenTask(execution, strand, self).schedule(parameters, timeout, heartbeat, credentials)

    def _seconds(self, strand: Strand, document: Any, build: Build | None, field: str) -> float | None:
        if build is None:
            return None
        given = build(strand, document)
        seconds = as_number(given)
        if seconds is None or not 0 < seconds <= MAX_TIMEOUT:
            raise runtime(strand, f"The field '{field}' must be a positive integer but was {text_of(given)}")
        return seconds

    def finish(self, execution: Engine, strand: Strand, result: Any, text: str) -> None:
        """Leave the state with the result of the call; ``text`` is the result as JSON."""
        output, assigned = self.dataflow.output(strand, strand.value, result)
        execution.leave(strand, self.next, output, assigned, text if output is result else None)

    def aborted(self, execution: Engine, strand: Strand) -> None:
        execution.record(strand, "TaskStateAborted")

    def redrive(self, execution: Engine, strand: Strand) -> None:
        execution.attempt(strand, self.again)


class OpenTask(Call):
    """A call without an answer. Its id is the id of its ``...Scheduled`` event."""

    __slots__ = ("execution", "heartbeat", "started", "state", "strand", "submitted", "timeout")

    def __init__(self, execution: Engine, strand: Strand, state: Task) -> None:
        self.execution = execution
        self.strand = strand
        self.state = state
        self.started = False
        self.submitted = False
        self.timeout: Timer | None = None
        self.heartbeat: Timer | None = None

    def schedule(
        self, parameters: Any, timeout: float | None, heartbeat: float | None, credentials: Any
    ) -> None:
        """Record and ask for the call, and watch its timeouts."""
        execution, strand, resource = self.execution, self.strand, self.state.resource
        extra: dict[str, Any] = {}
        if timeout is not None:
            extra["timeoutInSeconds"] = timeout
        if heartbeat is not None:
            extra["heartbeatInSeconds"] = heartbeat
        if credentials is not None:
            extra["taskCredentials"] = {"roleArn": credentials.get("RoleArn")}
        text = encode(parameters, self.state.name)
        details = resource.scheduled(text, execution.region, extra)
        # The event's id names the task: it is unique in the execution, also after a redrive.
        number = execution.record(strand, f"{resource.family}Scheduled", details)
        self._open(str(number), parameters, timeout, heartbeat, credentials)

    def _open(
        self, task_id: str, parameters: Any, timeout: float | None, heartbeat: float | None, credentials: Any
    ) -> None:
        execution, strand = self.execution, self.strand
        self.effect = StartTask(
            task_id=task_id,
            state=self.state.name,
            resource=self.state.resource.arn,
            parameters=parameters,
            execution_arn=execution.arn,
            token=strand.token,
            timeout_seconds=timeout,
            heartbeat_seconds=heartbeat,
            retry_count=strand.retry_count,
            credentials=credentials,
            map_index=None if strand.item is None else strand.item[0],
        )
        strand.phase = Phase.WAITING
        strand.pending = self
        execution.calls[task_id] = self
        execution.emit(self.effect)
        if timeout is not None:
            self.timeout = execution.timers.add(execution.now + timeout, self._timed_out)
        # A service starts a call within milliseconds, so that no signal is worth a row in the log; an
        # activity starts when somebody polls it.
        if self.state.resource.family != "Activity":
            self.start(None)

    def start(self, worker_name: str | None) -> None:
        """The call began."""
        if self.started:
            return
        self.started = True
        family = self.state.resource.family
        details = self.state.resource.base()
        if family == "Activity" and worker_name is not None:
            details = {"workerName": worker_name}
        self.execution.record(self.strand, f"{family}Started", details)
        self.beat()

    def beat(self) -> None:
        """The call is alive: begin the heartbeat interval anew."""
        seconds = self.effect.heartbeat_seconds
        if seconds is None:
            return
        if self.heartbeat is not None:
            self.heartbeat.cancel()
        self.heartbeat = self.execution.timers.add(self.execution.now + seconds, self._silent)

    def submit(self, output: Any) -> None:
        """The service took the request."""
        resource = self.state.resource
        if self.submitted or not resource.is_submitted:
            return
        try:
            text = encode(output, resource.owner)
        except StateFailure as failure:
            self.fail(failure.error, failure.cause, None)
            return
        self.submitted = True
        self.start(None)
        details = {**resource.base(), "output": text}
        self.execution.record(self.strand, "TaskSubmitted", details)

    def succeed(self, result: Any) -> None:
        """The call ended well."""
        resource = self.state.resource
        try:
            text = encode(result, resource.owner)
        except StateFailure as failure:
            self.fail(failure.error, failure.cause, None)
            return
        self.start(None)
        self._close()
        details = {**resource.base(), "output": text}
        self.execution.record(self.strand, f"{resource.family}Succeeded", details)
        self.execution.resume(
            self.strand, lambda execution, strand: self.state.finish(execution, strand, result, text)
        )

    def fail(
        self, error: str | None, cause: str | None, event: str | None, aliases: tuple[str, ...] = ()
    ) -> None:
        """The call failed; Retry and Catch of the state decide."""
        resource = self.state.resource
        if event is None or not event.endswith(("TimedOut", "ScheduleFailed")):
            self.start(None)
        self._close()
        kind = event or f"{resource.family}Failed"
        self.execution.record(self.strand, kind, resource.failed(error, cause))
        self.execution.fail_state(self.strand, StateFailure(error, cause, aliases=aliases, task=True))

    def _timed_out(self) -> None:
        self._give_up(())

    def _silent(self) -> None:
        self._give_up(("States.HeartbeatTimeout",))

    def _give_up(self, aliases: tuple[str, ...]) -> None:
        self.execution.cancel_call(self)
        self.fail("States.Timeout", None, f"{self.state.resource.family}TimedOut", aliases)

    def _close(self) -> None:
        for timer in (self.timeout, self.heartbeat):
            if timer is not None:
                timer.cancel()
        self.execution.calls.pop(self.effect.task_id, None)
        self.strand.pending = None

    def abort(self, *, record: bool) -> None:
        self.execution.cancel_call(self)
        self._close()
