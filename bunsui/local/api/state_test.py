"""TestState, and what else needs no machine."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from bunsui.asl import Signal, StartTask, TaskFailed, TaskSucceeded
from bunsui.asl.test_state import TestStateError
from bunsui.asl.test_state import test_state as run_test_state
from bunsui.core.simulation.mocks import function_of, is_invoke
from bunsui.local.api.call import Call, Operation
from bunsui.local.api.errors import ApiError
from bunsui.local.api.functions import FunctionError, Functions
from bunsui.local.api.host import Host

_TEXTS = ("input", "roleArn", "inspectionLevel", "stateName", "context", "variables")


class StateTests:
    """Runs one state; a Lambda function that is known here is really called."""

    def __init__(self, host: Host, functions: Functions | None) -> None:
        self._host = host
        self._functions = functions

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {"TestState": self.test}

    async def test(self, call: Call) -> dict[str, Any]:
        request = {name: value for name in _TEXTS if (value := call.optional(name)) is not None}
        others = ("mock", "stateConfiguration", "revealSecrets")
        request |= {name: call.body[name] for name in others if call.body.get(name) is not None}
        definition, loop = call.text("definition"), asyncio.get_running_loop()

        def carry(task: StartTask) -> Signal:
            return asyncio.run_coroutine_threadsafe(self._carry(task), loop).result()

        try:
            # In a thread, because the state waits for its call.
            return await asyncio.to_thread(
                run_test_state, definition, request, call=carry, at=self._host.now()
            )
        except TestStateError as error:
            raise ApiError(error.code, error.message) from None

    async def _carry(self, task: StartTask) -> Signal:
        name, now = function_of(task), self._host.now()
        if not name or self._functions is None or not self._functions.knows(name):
            cause = f"{task.resource} is not carried out here: give the test a mock"
            return TaskFailed(now, task.task_id, "States.TaskFailed", cause)
        payload = task.parameters.get("Payload", {}) if is_invoke(task) else task.parameters
        try:
            body = await self._functions.call(
                name, orjson.dumps(payload), f"{task.execution_arn}:{task.state}"
            )
        except FunctionError as error:
            return TaskFailed(now, task.task_id, error.error, error.document)
        output = orjson.loads(body or b"null")
        result = {"ExecutedVersion": "$LATEST", "Payload": output, "StatusCode": 200}
        return TaskSucceeded(now, task.task_id, result if is_invoke(task) else output)
