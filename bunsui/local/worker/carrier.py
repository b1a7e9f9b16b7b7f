"""Carries out the effects of executions: one asyncio task per task of the machine."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial

from bunsui.asl.effects import CancelTask, Effect, ReadItems, StartTask, WriteResults
from bunsui.asl.signals import (
    ItemsRead,
    ItemsUnreadable,
    ResultsUnwritable,
    Signal,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from bunsui.core.pipeline.machine import CONTROL
from bunsui.core.ports.blobs import Blobs
from bunsui.errors import BunsuiError
from bunsui.local.blobs import BUCKET
from bunsui.local.engine.calls import Call
from bunsui.local.engine.executions import ExecutionRecord, Owner
from bunsui.local.worker.assignment import Assignment
from bunsui.local.worker.container_calls import ContainerCalls, task_name
from bunsui.local.worker.control_calls import ControlCalls, function_error
from bunsui.local.worker.integrations import Integrations
from bunsui.local.worker.lambda_calls import LambdaCalls, function_name
from bunsui.local.worker.log import about
from bunsui.local.worker.mailbox import Mailbox, Post
from bunsui.local.worker.runner_calls import RunnerCalls

log = logging.getLogger(__name__)

_LAMBDA = "arn:aws:states:::lambda:invoke"
_ECS = "arn:aws:states:::ecs:runTask.sync"
_GET_OBJECT = "arn:aws:states:::s3:getObject"
_ACTIVITY = ":activity:"


class TaskCarrier:
    """The worker's `Carrier`.

    `tokens` tells which task waits for a token. `on_end` is awaited for every execution that ended.
    """

    def __init__(  # noqa: PLR0913 - one for each kind of work that it hands out
        self,
        *,
        mailbox: Mailbox,
        tokens: dict[str, tuple[int, str]],
        control: ControlCalls,
        functions: LambdaCalls,
        containers: ContainerCalls,
        runners: RunnerCalls,
        integrations: Integrations,
        blobs: Blobs,
        on_end: Callable[[ExecutionRecord], Coroutine[None, None, None]],
    ) -> None:
        self._tokens = tokens
        self._mailbox = mailbox
        self._control = control
        self._functions = functions
        self._containers = containers
        self._runners = runners
        self._integrations = integrations
        self._blobs = blobs
        self._on_end = on_end
        self._open: dict[tuple[int, str], Assignment] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._following = deque[Callable[[], Coroutine[None, None, None]]]()
        self._follows = False

    @property
    def busy(self) -> bool:
        """Whether something is being carried out."""
        return bool(self._tasks)

    async def at_once(self, record: ExecutionRecord, effect: Effect) -> Post | None:
        """A report about items is nothing but records; a call by a runner that is idle is recorded ahead.

        What fails here is issued, and fails there.
        """
        if not isinstance(effect, StartTask) or record.owner is None or effect.token is not None:
            return None
        if not effect.resource.startswith(_LAMBDA):
            return None
        assignment = Assignment(record=record, task=effect, issued_at=self._mailbox.now())
        name = function_name(effect.parameters)
        try:
            if name == CONTROL:
                return await self._report(assignment)
            if await self._functions.declares(record.owner, name):
                return await self._ahead(assignment, record.owner)
        except Exception:
            # A defect fails the task there, where a Catch may hold it, and not the whole execution here.
            log.debug("%s of %s is issued", effect.state, record.name, exc_info=True)
        return None

    async def _report(self, assignment: Assignment) -> Post | None:
        reported = await self._control.report(assignment)
        if reported is None:
            return None
        return Post(
            execution=assignment.record.id,
            signal=reported.answer,
            writes=(reported.write,),
            then=partial(self._then, reported.after) if reported.after else None,
        )

    def _then(self, after: Callable[[], Coroutine[None, None, None]]) -> None:
        self._following.append(after)
        if not self._follows:
            self._follows = True
            self._spawn(self._follow())

    async def _follow(self) -> None:
        """Do what follows the reports of a commit: most have nothing to wait for.

        Where one waits, the others go on with the next commit, or when the worker ends.
        """
        self._follows = False
        while self._following:
            try:
                await self._following.popleft()()
            except Exception:
                # The outermost edge: nobody waits for it, and the others are to be done.
                log.exception("what follows a report about items failed")

    async def _ahead(self, assignment: Assignment, owner: Owner) -> Post | None:
        work = await self._functions.prepare(assignment, owner)
        ahead = await self._runners.ahead(assignment, work)
        if ahead is None:
            return None
        carrying = partial(self._start, assignment, lambda: self._runners.carry(assignment, work, ahead))
        return Post(execution=assignment.record.id, writes=(ahead.write,), then=carrying)

    def issue(self, record: ExecutionRecord, effect: Effect) -> None:
        """Begin with an effect. Records of map runs need no answer, and are read from the history."""
        if isinstance(effect, StartTask):
            self._begin(record, effect)
        elif isinstance(effect, CancelTask):
            self._cancel((record.id, effect.task_id))
        elif isinstance(effect, ReadItems):
            self._spawn(self._read(record, effect))
        elif isinstance(effect, WriteResults):
            cause = f"The local backend has no storage behind {effect.resource}"
            signal = ResultsUnwritable(self._mailbox.now(), effect.write_id, cause)
            self._mailbox.post(Post(execution=record.id, signal=signal))

    def ended(self, record: ExecutionRecord) -> None:
        """End what still runs for an execution, and tell control."""
        for key in [key for key in self._open if key[0] == record.id]:
            self._cancel(key)
        self._spawn(self._on_end(record))

    def reap(self, calls: list[Call]) -> None:
        """End calls whose answers nobody wants."""
        for call in calls:
            self._spawn(self._runners.reap(call))

    async def let_go(self) -> None:
        """Leave everything as it is: runners go on, and are adopted by the next worker."""
        # What the last commit let begin does begin: a runner that is recorded for a call gets it, and what
        # follows a report is done. A task that is cancelled before its first step would do nothing at all.
        await asyncio.sleep(0)
        while self._following:
            self._spawn(self._follow())
            await asyncio.sleep(0)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, record: ExecutionRecord, task: StartTask) -> None:
        assignment = Assignment(record=record, task=task, issued_at=self._mailbox.now())
        if task.token is not None:
            self._tokens[task.token] = assignment.key
        self._start(assignment, lambda: self._route(assignment))

    def _start(self, assignment: Assignment, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._open[assignment.key] = assignment
        self._spawn(self._carry(assignment, work))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, assignment: Assignment, work: Callable[[], Coroutine[None, None, None]]) -> None:
        about(assignment.record, assignment.task.state)
        try:
            await work()
        except BunsuiError as error:
            self._failed(assignment, error.message, type(error).__name__)
        except Exception as error:
            # The outermost edge: the task fails, the worker goes on.
            log.exception("task %s of %s failed", assignment.task.state, assignment.record.name)
            self._failed(assignment, function_error(error), type(error).__name__)
        finally:
            self._open.pop(assignment.key, None)

    async def _route(self, assignment: Assignment) -> None:
        owner, resource = assignment.record.owner, assignment.task.resource
        if owner is not None and resource.startswith(_LAMBDA):
            await self._lambda(assignment, owner)
        elif owner is not None and resource == _ECS:
            await self._container(assignment, owner)
        elif _ACTIVITY not in resource:
            await self._integration(assignment)

    async def _lambda(self, assignment: Assignment, owner: Owner) -> None:
        name = function_name(assignment.task.parameters)
        if name == CONTROL:
            await self._control.carry(assignment)
        elif await self._functions.declares(owner, name):
            await self._runners.carry(assignment, await self._functions.prepare(assignment, owner))
        else:
            await self._integration(assignment)

    async def _container(self, assignment: Assignment, owner: Owner) -> None:
        if await self._containers.declares(owner, task_name(assignment.task.parameters)):
            await self._runners.carry(assignment, await self._containers.prepare(assignment, owner))
        else:
            await self._integration(assignment)

    async def _integration(self, assignment: Assignment) -> None:
        answer = await self._integrations.answer(assignment)
        now, task_id, failure = self._mailbox.now(), assignment.task.task_id, answer.failure
        signal: Signal
        if failure is not None:
            signal = TaskFailed(now, task_id, failure.error, failure.cause)
        elif answer.pending:
            signal = TaskSubmitted(now, task_id, answer.output)
        else:
            signal = TaskSucceeded(now, task_id, answer.output)
        self._mailbox.send(assignment.record.id, signal)

    def _failed(self, assignment: Assignment, cause: str, error: str) -> None:
        signal = TaskFailed(self._mailbox.now(), assignment.task.task_id, error, cause)
        self._mailbox.send(assignment.record.id, signal)

    def _cancel(self, key: tuple[int, str]) -> None:
        if key in self._open:
            self._runners.cancel(key)

    async def _read(self, record: ExecutionRecord, effect: ReadItems) -> None:
        """Read the items of a distributed Map from where control has put them."""
        key = str(effect.parameters.get("Key", ""))
        signal: Signal
        if (effect.resource, effect.parameters.get("Bucket")) != (_GET_OBJECT, BUCKET):
            cause = f"The local backend has no storage behind {effect.resource}"
            signal = ItemsUnreadable(self._mailbox.now(), effect.read_id, cause)
        else:
            signal = await self._stored(effect.read_id, key)
        self._mailbox.send(record.id, signal)

    async def _stored(self, read_id: str, key: str) -> Signal:
        try:
            body = (await self._blobs.get(key)).decode()
        except BunsuiError as error:
            return ItemsUnreadable(self._mailbox.now(), read_id, error.message)
        return ItemsRead(self._mailbox.now(), read_id, body)
