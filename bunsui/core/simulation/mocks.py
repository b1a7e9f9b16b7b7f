"""Replies by name: which of them answers which call of an execution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bunsui.asl import StartTask
from bunsui.core.simulation.reply import Reply

_LAMBDA = "arn:aws:states:::lambda:invoke"


@dataclass(frozen=True, slots=True)
class Mocks:
    """Replies under the name of a state, of a Lambda function, or of a resource.

    The replies of one name are used one call after the other; the last one stays. What a function returns
    is its payload; all other replies are what the state gets.
    """

    replies: Mapping[str, Sequence[Reply]] = field(default_factory=dict)
    source: str = ""

    def key(self, task: StartTask) -> str | None:
        """The name under which a task has replies, the most exact first."""
        return next((name for name in names_of(task) if self.replies.get(name)), None)


class Replies:
    """The replies of one execution: it counts the calls of every state."""

    def __init__(self, mocks: Mocks) -> None:
        self._mocks = mocks
        self._calls: Counter[tuple[str, str]] = Counter()

    def next(self, task: StartTask) -> Reply | None:
        """The reply to this call; None where there is no mock for it."""
        key = self._mocks.key(task)
        if key is None:
            return None
        replies, number = self._mocks.replies[key], self._calls[key, task.state]
        self._calls[key, task.state] += 1
        reply = replies[min(number, len(replies) - 1)]
        return invoked(reply) if key == function_of(task) and is_invoke(task) else reply


def names_of(task: StartTask) -> Iterator[str]:
    """What a task may be called by: its state, its function, its resource with and without the pattern."""
    yield task.state
    function = function_of(task)
    if function:
        yield function
    yield task.resource
    yield task.resource.partition(".")[0]


def is_invoke(task: StartTask) -> bool:
    """Whether the task calls a function through the `lambda:invoke` integration."""
    return task.resource.startswith(_LAMBDA)


def invoked(reply: Reply) -> Reply:
    """What `lambda:invoke` makes of the reply of a function."""
    if reply.kind != "return":
        return reply
    return replace(reply, output={"ExecutedVersion": "$LATEST", "Payload": reply.output, "StatusCode": 200})


def function_of(task: StartTask) -> str:
    """The name of the Lambda function that a task calls; empty where it calls none."""
    if is_invoke(task):
        given = task.parameters.get("FunctionName", "") if isinstance(task.parameters, dict) else ""
        return function_name(str(given))
    return function_name(task.resource) if ":function:" in task.resource else ""


def function_name(text: str) -> str:
    """The name in `NAME`, `NAME:QUALIFIER` or an ARN."""
    parts = text.split(":")
    return parts[6] if text.startswith("arn:") and len(parts) > 6 else parts[0]
