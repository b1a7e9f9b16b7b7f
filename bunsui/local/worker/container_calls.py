"""Container tasks of pipelines: from the arguments of `ecs:runTask` to a process group, and back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bunsui.asl.clock import iso
from bunsui.asl.signals import Signal, TaskSubmitted
from bunsui.core.control.secrets import check_command
from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.pipeline import ContainerTask
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.exchange import Exchange, Slot
from bunsui.errors import InternalError
from bunsui.local.engine.executions import Owner
from bunsui.local.runners.containers import ContainerRunner
from bunsui.local.runners.outcomes import Outcome, TaskOutcome, TaskStopped
from bunsui.local.runners.specs import CallContext, InFlight, StartedCallback, TaskCall, TaskSpec, frozen_env
from bunsui.local.worker.assignment import Answer, Assignment
from bunsui.local.worker.lambda_calls import call_context, slot_of
from bunsui.local.worker.masking import Mask
from bunsui.local.worker.programs import Program, Programs
from bunsui.local.worker.runner_calls import Place, cancelled

_ACCOUNT = "000000000000"
_CLUSTER = "bunsui"
_STATUS: Mapping[str, JobStatus] = {"timed_out": JobStatus.TIMED_OUT, "stopped": JobStatus.STOPPED}


@dataclass(slots=True, kw_only=True)
class ContainerWork:
    """One start of a task."""

    runner: ContainerRunner
    spec: TaskSpec
    context: CallContext
    slot: Slot
    input_path: Path
    input_with_secrets: bytes | None
    output_path: Path
    timeout: float
    code: str | None
    task_id: str
    others: tuple[str, ...] = ()
    mask: Mask
    kind: str = "ecs"
    started_at: float = 0.0

    @property
    def memory(self) -> int:
        """The memory that the task may use, in MiB."""
        return self.spec.memory_mb

    async def call(self, place: Place, started: StartedCallback) -> TaskOutcome:
        private = _private_input(place.spool)
        call = TaskCall(
            id=place.id,
            input=self.input_with_secrets,
            context=replace(self.context, try_number=place.number),
            input_path=self.input_path if self.input_with_secrets is None else private,
            output_path=self.output_path,
            log_path=place.log,
            spool_path=place.spool,
            timeout=self.timeout,
        )
        return self._cleaned(await self.runner.run(self.spec, call, started), place.spool)

    async def adopt(self, flight: InFlight) -> TaskOutcome:
        return self._cleaned(await self.runner.adopt(flight), flight.spool_path)

    def _cleaned(self, outcome: TaskOutcome, spool: Path) -> TaskOutcome:
        _private_input(spool).unlink(missing_ok=True)
        self.mask.document_file(self.output_path)
        return outcome

    def end(self, call_id: str) -> bool:
        return self.runner.stop(call_id)

    def answered(self, spool: Path) -> None:
        """A task writes its file once; it goes when the result is recorded."""

    def recorded(self, spool: Path) -> bool:
        return False

    def begun(self, now: float) -> Signal | None:
        """ECS took the request: `ecs:runTask.sync` tells that as an event of its own."""
        self.started_at = now
        tasks: JsonValue = [self._description("PENDING", {})]
        return TaskSubmitted(now, self.task_id, {"Failures": [], "Tasks": tasks})

    async def answer(self, outcome: Outcome | TaskOutcome) -> Answer:
        """The task as ECS describes it; as the cause of a failure it is text."""
        ended = cancelled(outcome)
        if ended is not None:
            return ended
        if not isinstance(outcome, TaskStopped):
            raise InternalError(f"A task cannot end as {type(outcome).__name__}")
        task = self._stopped(outcome)
        duration, memory = outcome.report.duration_ms / 1000, outcome.report.max_memory_mb
        if outcome.cause == "exited" and outcome.exit_code == 0:
            return Answer(output=task, duration=duration, max_memory=memory)
        error = "States.Timeout" if outcome.cause == "timed_out" else "States.TaskFailed"
        return Answer(
            failure=Failure(error=error, cause=orjson.dumps(task).decode()),
            status=_STATUS.get(outcome.cause, JobStatus.FAILED),
            duration=duration,
            max_memory=memory,
        )

    def _stopped(self, outcome: TaskStopped) -> dict[str, JsonValue]:
        ended: dict[str, JsonValue] = {
            "StartedAt": iso(self.started_at or time.time()),
            "StoppedAt": iso(time.time()),
            "StopCode": outcome.stop_code,
            "StoppedReason": outcome.reason,
        }
        container: dict[str, JsonValue] = {}
        if outcome.exit_code is not None:
            container["ExitCode"] = outcome.exit_code
        if outcome.cause in {"out_of_memory", "not_started"}:
            container["Reason"] = outcome.reason
        return {**self._description("STOPPED", container), **ended}

    def _description(self, status: str, container: dict[str, JsonValue]) -> dict[str, JsonValue]:
        arn = f"arn:aws:ecs:local:{_ACCOUNT}:task/{_CLUSTER}/{self.spec.name}"
        main: dict[str, JsonValue] = {"LastStatus": status, "Name": "main", "TaskArn": arn, **container}
        return {
            "ClusterArn": f"arn:aws:ecs:local:{_ACCOUNT}:cluster/{_CLUSTER}",
            "Containers": [main],
            "Cpu": str(self.spec.cpu),
            "DesiredStatus": "STOPPED" if status == "STOPPED" else "RUNNING",
            "LastStatus": status,
            "LaunchType": "FARGATE",
            "Memory": str(self.spec.memory_mb),
            "TaskArn": arn,
            "TaskDefinitionArn": f"arn:aws:ecs:local:{_ACCOUNT}:task-definition/{self.spec.name}:1",
        }


class ContainerCalls:
    """Prepares tasks that a pipeline declares."""

    def __init__(
        self, *, runner: ContainerRunner, exchange: Exchange, programs: Programs, code: CodeVersions
    ) -> None:
        self._runner = runner
        self._exchange = exchange
        self._programs = programs
        self._code = code

    async def declares(self, owner: Owner, name: str) -> bool:
        """Whether the attempt's pipeline has a task definition with that name."""
        return name in (await self._programs.of(owner)).compiled.tasks

    async def prepare(self, assignment: Assignment, owner: Owner) -> ContainerWork:
        """The task of an assignment. Raises NotFound for an unknown task definition or handler."""
        program = await self._programs.of(owner)
        check_command(_Overrides.read(assignment.task.parameters).command or ())
        arguments = _object(program.reveal(assignment.task.parameters))
        task = program.task(task_name(arguments))
        overrides = _Overrides.read(arguments)
        context = call_context(overrides.custom, owner, task.job)
        slot = slot_of(context, task.operation)
        given = overrides.environment.get("BUNSUI_INPUT") or await self._exchange.put_input(slot, {})
        return ContainerWork(
            runner=self._runner,
            spec=_spec(assignment, program, task, overrides),
            context=context,
            slot=slot,
            input_path=Path(given),
            input_with_secrets=_revealed(program, Path(given)),
            output_path=Path(
                overrides.environment.get("BUNSUI_OUTPUT") or self._exchange.output_location(slot)
            ),
            timeout=assignment.task.timeout_seconds or float(program.pipeline.timeout_of(task.job)),
            code=await self._code.code_of(program.run.project, program.job(task.job)),
            task_id=assignment.task.task_id,
            mask=program.mask(),
        )


def _revealed(program: Program, path: Path) -> bytes | None:
    """The input with its secrets; None where it has none and the file can be used as it is."""
    value: JsonValue = orjson.loads(path.read_bytes())
    revealed = program.reveal(value)
    return None if revealed == value else orjson.dumps(revealed)


def _private_input(spool: Path) -> Path:
    """Where an input with secrets lies while its task runs."""
    return spool.with_name(f"{spool.name}.input")


def task_name(arguments: dict[str, JsonValue]) -> str:
    """The family of a task definition given by family, family and revision, or ARN."""
    return str(arguments.get("TaskDefinition", "")).rpartition("/")[2].partition(":")[0]


@dataclass(frozen=True, slots=True)
class _Overrides:
    """What a call changes of its task definition."""

    environment: dict[str, str]
    command: tuple[str, ...] | None
    memory: int | None
    cpu: int | None

    @classmethod
    def read(cls, arguments: dict[str, JsonValue]) -> _Overrides:
        """Read `Overrides` of `ecs:runTask`."""
        overrides = _object(arguments.get("Overrides"))
        containers = overrides.get("ContainerOverrides")
        main = _object(containers[0]) if isinstance(containers, list) and containers else {}
        command, pairs = main.get("Command"), main.get("Environment")
        return cls(
            environment={
                str(_object(pair).get("Name")): str(_object(pair).get("Value"))
                for pair in (pairs if isinstance(pairs, list) else [])
            },
            command=tuple(str(word) for word in command) if isinstance(command, list) else None,
            memory=_number(overrides.get("Memory")) or _number(main.get("Memory")),
            cpu=_number(overrides.get("Cpu")) or _number(main.get("Cpu")),
        )

    @property
    def custom(self) -> dict[str, JsonValue]:
        """What the variables say about the caller, as a client context says it."""
        names = ("item", "idempotency_key", "checkpoints")
        return {name: self.environment.get(f"BUNSUI_{name.upper()}") for name in names}


def _spec(assignment: Assignment, program: Program, task: ContainerTask, overrides: _Overrides) -> TaskSpec:
    python = assignment.record.options.python
    changed = program.overrides(task.job)
    return TaskSpec(
        name=task.name,
        project=program.project,
        command=overrides.command or task.command,
        memory_mb=overrides.memory or changed.memory or task.memory,
        cpu=overrides.cpu or changed.cpu or task.cpu,
        env=frozen_env(overrides.environment),
        python=Path(python) if python else None,
    )


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _number(value: JsonValue) -> int | None:
    return int(value) if isinstance(value, (str, int)) and str(value).isdigit() else None
