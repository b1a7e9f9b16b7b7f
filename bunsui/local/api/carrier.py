"""Carries out what executions ask for: mocks, functions, callbacks, activities, other machines, map runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from bunsui.asl import (
    CancelTask,
    Effect,
    ReadItems,
    RecordChild,
    RecordMapRun,
    Signal,
    StartTask,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    WriteResults,
)
from bunsui.asl.history import History
from bunsui.core.simulation import Mocks, Replies, Reply, load_mocks
from bunsui.core.simulation.mocks import function_of, is_invoke
from bunsui.local.api.functions import FunctionError, Functions
from bunsui.local.api.host import Host
from bunsui.local.api.map_runs import record_child, record_map_run
from bunsui.local.api.nested import ABORTED, RESOURCE, Nested
from bunsui.local.api.storage import Storage
from bunsui.local.api.tables import Resources, save_handed
from bunsui.local.api.tasks import Offer, Waiting
from bunsui.local.engine.executions import ExecutionRecord
from bunsui.local.worker.mailbox import Post

log = logging.getLogger(__name__)

_WAITS = ".waitForTaskToken"
_ACTIVITY = ":activity:"


class ApiCarrier:
    """The carrier of the API's executions. `wait_scale` also shortens the delays of mocks."""

    def __init__(
        self,
        host: Host,
        resources: Resources,
        waiting: Waiting,
        nested: Nested,
        functions: Functions | None,
        mocks: Path | None,
        storage: Storage,
        wait_scale: float,
    ) -> None:
        self._host = host
        self._resources = resources
        self._waiting = waiting
        self._nested = nested
        self._functions = functions
        self._mocks = mocks
        self._storage = storage
        self._wait_scale = wait_scale
        self._replies: dict[int, Replies] = {}
        self._open: dict[tuple[int, str], asyncio.Task[None]] = {}

    async def at_once(self, record: ExecutionRecord, effect: Effect) -> Post | None:
        """Map runs and child executions are told beside what made them so."""
        if isinstance(effect, RecordMapRun):
            return Post(execution=record.id, writes=(partial(record_map_run, effect=effect),))
        if isinstance(effect, RecordChild):
            write = partial(record_child, effect=effect, history=History(list(effect.history)).encode())
            return Post(execution=record.id, writes=(write,))
        return None

    def issue(self, record: ExecutionRecord, effect: Effect) -> None:
        """Begin with an effect; its answers come as posts."""
        if isinstance(effect, StartTask):
            self._begin(record, effect)
        elif isinstance(effect, CancelTask):
            self._cancel((record.id, effect.task_id))
        elif isinstance(effect, ReadItems):
            self._host.mailbox.send(record.id, self._storage.read(effect, self._host.now()))
        elif isinstance(effect, WriteResults):
            self._host.mailbox.send(record.id, self._storage.write(effect, self._host.now()))

    def ended(self, record: ExecutionRecord) -> None:
        """End what still runs for an execution."""
        self._replies.pop(record.id, None)
        self._waiting.close_all(record.id)
        for key in [key for key in self._open if key[0] == record.id]:
            self._cancel(key)

    async def close(self) -> None:
        """Leave everything where it is: what is open is begun again by the next process."""
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, record: ExecutionRecord, task: StartTask) -> None:
        key = (record.id, task.task_id)
        if task.token is not None:
            self._waiting.open(task.token, key)
            if self._host.runs.handed(*key):
                return
        work = asyncio.create_task(self._carry(record, task))
        self._open[key] = work
        work.add_done_callback(lambda _: self._open.pop(key, None))

    def _cancel(self, key: tuple[int, str]) -> None:
        self._waiting.close(key)
        work = self._open.pop(key, None)
        if work is not None:
            work.cancel(ABORTED)

    async def _carry(self, record: ExecutionRecord, task: StartTask) -> None:
        try:
            await self._route(record, task)
        except Exception as error:
            # The outermost edge of a task: it fails, the server goes on.
            log.exception("the state %s of %s failed", task.state, record.name)
            cause = f"{type(error).__name__}: {error}"
            self._host.mailbox.send(
                record.id, TaskFailed(self._host.now(), task.task_id, "States.TaskFailed", cause)
            )

    def _route(self, record: ExecutionRecord, task: StartTask) -> Coroutine[Any, Any, None]:
        reply = self._mocked(record, task)
        if reply is not None:
            return self._reply(record.id, task, reply)
        if _ACTIVITY in task.resource:
            return self._activity(record.id, task)
        if function_of(task) and self._functions and self._functions.knows(function_of(task)):
            return self._function(record.id, task, self._functions)
        if task.resource.startswith(RESOURCE) and not task.resource.endswith(_WAITS):
            return self._inner(record.id, task)
        if task.resource.endswith(_WAITS):
            return self._submitted(record.id, task, {})
        return self._refuse(record.id, task)

    def _mocked(self, record: ExecutionRecord, task: StartTask) -> Reply | None:
        if record.id not in self._replies:
            self._replies[record.id] = Replies(self._mocks_of(record))
        return self._replies[record.id].next(task)

    def _mocks_of(self, record: ExecutionRecord) -> Mocks:
        """The mocks of an execution, read anew for each. Raises ConfigError."""
        case = record.options.mocks
        if self._mocks is None:
            return Mocks()
        name = str(record.start["state_machine_name"])
        return load_mocks(self._mocks, machine=name, case=case, optional=case is None)

    async def _reply(self, execution: int, task: StartTask, reply: Reply) -> None:
        begun = self._host.now()
        for signal in reply.signals(task, begun):
            if signal.at > begun:
                await asyncio.sleep((signal.at - begun) * self._wait_scale)
            self._host.mailbox.send(execution, replace(signal, at=self._host.now()))

    async def _activity(self, execution: int, task: StartTask) -> None:
        if self._resources.find(task.resource, "activity") is not None:
            self._waiting.offer(Offer(execution, task))
            return
        cause = f"The activity {task.resource} does not exist"
        signal = TaskFailed(self._host.now(), task.task_id, "States.Runtime", cause, "ActivityScheduleFailed")
        self._host.mailbox.send(execution, signal)

    async def _function(self, execution: int, task: StartTask, functions: Functions) -> None:
        invoked = is_invoke(task)
        payload = task.parameters.get("Payload", {}) if invoked else task.parameters
        who = f"{task.execution_arn}:{task.state}:{task.map_index or 0}"
        try:
            body = await functions.call(function_of(task), orjson.dumps(payload), who)
        except FunctionError as error:
            signal: Signal = TaskFailed(self._host.now(), task.task_id, error.error, error.document)
            self._host.mailbox.send(execution, signal)
            return
        output = orjson.loads(body or b"null")
        if task.resource.endswith(_WAITS):
            await self._submitted(execution, task, {"ExecutedVersion": "$LATEST", "StatusCode": 200})
            return
        result = {"ExecutedVersion": "$LATEST", "Payload": output, "StatusCode": 200} if invoked else output
        self._host.mailbox.send(execution, TaskSucceeded(self._host.now(), task.task_id, result))

    async def _inner(self, execution: int, task: StartTask) -> None:
        self._host.mailbox.send(execution, await self._nested.carry(execution, task))

    async def _submitted(self, execution: int, task: StartTask, output: Any) -> None:
        """The request is made; the answer comes by the token. It is not made again after a restart."""
        signal = TaskSubmitted(self._host.now(), task.task_id, output)
        write = partial(save_handed, execution=execution, task=task.task_id)
        self._host.mailbox.post(Post(execution=execution, signal=signal, writes=(write,)))

    async def _refuse(self, execution: int, task: StartTask) -> None:
        name = function_of(task)
        error = "Lambda.ResourceNotFoundException" if name else "States.TaskFailed"
        what = f"There is no function {name}" if name else f"{task.resource} is not carried out here"
        cause = (
            f"{what} (state {task.state}): give it a mock, or name functions with --functions or --project"
        )
        self._host.mailbox.send(execution, TaskFailed(self._host.now(), task.task_id, error, cause))
