"""Tasks that are answered from outside: callbacks by token, and activities that workers poll."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from bunsui.asl import Signal, StartTask, TaskFailed, TaskHeartbeat, TaskStarted, TaskSucceeded
from bunsui.asl.limits import MAX_PAYLOAD
from bunsui.local.api.arns import checked_name, parse
from bunsui.local.api.call import Call, Operation, limited
from bunsui.local.api.errors import ApiError, no_activity
from bunsui.local.api.host import Host
from bunsui.local.api.tables import Resource, Resources, save_handed

POLL_SECONDS = 60.0
_TOKEN = re.compile(r"[0-9a-f]{64}")

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """A task that waits for a worker to poll its activity."""

    execution: int
    task: StartTask

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return self.execution, self.task.task_id


class Waiting:
    """Open tokens, and the queues of activities. After a restart they are filled again from the log."""

    def __init__(self) -> None:
        self._tokens: dict[str, Key] = {}
        self._by_key: dict[Key, str] = {}
        self._offers: defaultdict[str, deque[Offer]] = defaultdict(deque)
        self._pollers: defaultdict[str, deque[asyncio.Future[None]]] = defaultdict(deque)

    def open(self, token: str, key: Key) -> None:
        """A token may be answered from now on."""
        self._tokens[token] = key
        self._by_key[key] = token

    def close(self, key: Key) -> None:
        """The task of a token has ended."""
        token = self._by_key.pop(key, None)
        if token is not None:
            self._tokens.pop(token, None)

    def close_all(self, execution: int) -> None:
        """All tasks of an execution have ended."""
        for key in [key for key in self._by_key if key[0] == execution]:
            self.close(key)

    def key(self, token: str) -> Key:
        """The task that a token belongs to. Raises ApiError."""
        found = self._tokens.get(token)
        if found is not None:
            return found
        if _TOKEN.fullmatch(token):
            raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")

    def offer(self, offer: Offer) -> None:
        """Put a task into the queue of its activity."""
        self._offers[offer.task.resource].append(offer)
        pollers = self._pollers[offer.task.resource]
        while pollers:
            poller = pollers.popleft()
            if not poller.done():
                poller.set_result(None)
                return

    async def poll(self, activity: str, seconds: float) -> Offer | None:
        """The next task of an activity that is still open; None when none came in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            offers = self._offers[activity]
            while offers:
                offer = offers.popleft()
                if offer.key in self._by_key:
                    return offer
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return None
            await self._wait(activity, left)

    async def _wait(self, activity: str, seconds: float) -> None:
        poller: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pollers[activity].append(poller)
        await asyncio.wait((poller,), timeout=seconds)
        poller.cancel()


class TaskOperations:
    """Operations on tokens and activities."""

    def __init__(self, host: Host, resources: Resources, waiting: Waiting, poll_seconds: float) -> None:
        self._host = host
        self._resources = resources
        self._waiting = waiting
        self._poll_seconds = poll_seconds

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "SendTaskSuccess": self.succeed,
            "SendTaskFailure": self.fail,
            "SendTaskHeartbeat": self.beat,
            "GetActivityTask": self.poll,
            "CreateActivity": self.create,
            "DescribeActivity": self.describe,
            "ListActivities": self.list_all,
            "DeleteActivity": self.delete,
        }

    async def succeed(self, call: Call) -> dict[str, Any]:
        text = limited("output", call.text("output"), MAX_PAYLOAD)
        try:
            output = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from None
        key = self._waiting.key(call.text("taskToken"))
        return await self._end(key, TaskSucceeded(self._host.now(), key[1], output))

    async def fail(self, call: Call) -> dict[str, Any]:
        key = self._waiting.key(call.text("taskToken"))
        error, cause = call.optional("error"), call.optional("cause")
        return await self._end(key, TaskFailed(self._host.now(), key[1], error, cause))

    async def _end(self, key: Key, signal: Signal) -> dict[str, Any]:
        self._waiting.close(key)
        await self._host.send(key[0], signal)
        return {}

    async def beat(self, call: Call) -> dict[str, Any]:
        key = self._waiting.key(call.text("taskToken"))
        await self._host.send(key[0], TaskHeartbeat(self._host.now(), key[1]))
        return {}

    async def poll(self, call: Call) -> dict[str, Any]:
        """Wait for a task up to a minute; without one the token is null, as on AWS."""
        activity = self._activity(call)
        offer = await self._waiting.poll(activity.arn, self._poll_seconds)
        if offer is None:
            return {"taskToken": None}
        signal = TaskStarted(self._host.now(), offer.task.task_id, call.optional("workerName"))
        write = partial(save_handed, execution=offer.execution, task=offer.task.task_id)
        await self._host.send(offer.execution, signal, write)
        return {"taskToken": offer.task.token, "input": orjson.dumps(offer.task.parameters).decode()}

    async def create(self, call: Call) -> dict[str, Any]:
        name = checked_name(call.text("name"))
        arn = call.place.arn("activity", name)
        tags = {str(tag["key"]): str(tag.get("value", "")) for tag in call.body.get("tags") or ()}
        known = self._resources.find(arn, "activity")
        activity = known or Resource(arn, "activity", "", self._host.now(), {"name": name, "tags": tags})
        if known is None:
            self._resources.put(activity)
        return {"activityArn": arn, "creationDate": activity.created_at}

    async def describe(self, call: Call) -> dict[str, Any]:
        return _described(self._activity(call))

    async def list_all(self, call: Call) -> dict[str, Any]:
        prefix = call.place.arn("activity", "")
        found = [one for one in self._resources.of_kind("activity") if one.arn.startswith(prefix)]
        page, more = call.page(found)
        return {"activities": [_described(one) for one in page], **more}

    async def delete(self, call: Call) -> dict[str, Any]:
        self._resources.remove(parse(call.text("activityArn"), "activity").text)
        return {}

    def _activity(self, call: Call) -> Resource:
        arn = parse(call.text("activityArn"), "activity")
        found = self._resources.find(arn.text, "activity")
        if found is None:
            raise no_activity(arn.text)
        return found


def _described(activity: Resource) -> dict[str, Any]:
    return {"activityArn": activity.arn, "name": activity.body["name"], "creationDate": activity.created_at}
