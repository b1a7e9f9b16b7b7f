"""States that a job compiles to. The language is JSONata throughout.

Every job is `J begin` (waits until it may go, and learns what to do), `J go?`, its operations `J`,
`J 1`, …, and `J finish`. What a job is called with travels in the variable `go`, set by `begin`.
"""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import AwsOperation, Operation, Retry, StepFunctionsOperation

__all__ = [
    "CONTROL",
    "START_EXECUTION",
    "TASK_TOKEN",
    "State",
    "approval",
    "begin",
    "catch",
    "choice",
    "end",
    "finish",
    "operation_state",
    "report",
    "resource_name",
]

State = dict[str, JsonValue]

CONTROL = "bunsui-control"
"""Name of the function that is called at the beginning and end of every job."""

TASK_TOKEN = "bunsui:task-token"  # noqa: S105 - stands for a token that only the running machine knows
"""What `$token` is while arguments are resolved; the machine puts the real token in its place."""

HELD = "Held"
"""Name of the error with which control says that a session is held."""

INVOKE = "arn:aws:states:::lambda:invoke"
RUN_TASK = "arn:aws:states:::ecs:runTask.sync"
START_EXECUTION = "arn:aws:states:::states:startExecution.sync:2"
_SERVICE_RETRY: JsonValue = [
    {
        "ErrorEquals": [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
        ],
        "IntervalSeconds": 1,
        "MaxAttempts": 6,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }
]
_INPUT = "$states.context.Execution.Input"


def begin(job: str) -> State:
    """Waits for the callback that lets the job go."""
    call = f"'op': 'begin', 'job': '{job}', 'token': $states.context.Task.Token"
    return {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken",
        "Arguments": _control(call),
        "Retry": _SERVICE_RETRY,
        "Assign": {"go": "{% $states.result %}"},
        "Output": {},
        "Next": f"{job} go?",
    }


def choice(job: str, otherwise: str, ways: Mapping[str, str], *, gated: bool = False) -> State:
    """Goes to the state that `ways` has for the action, asks a person first, or passes the job by."""
    asks: list[JsonValue] = [{"Condition": "{% $go.action = 'ask' %}", "Next": f"{job} approval"}]
    runs: list[JsonValue] = [
        {"Condition": f"{{% $go.action = '{action}' %}}", "Next": state} for action, state in ways.items()
    ]
    return {"Type": "Choice", "Choices": [*runs, *(asks if gated else [])], "Default": otherwise}


def approval(job: str) -> State:
    """Waits until a person has decided, then asks again to begin; or until it is too late."""
    call = f"'op': 'ask', 'job': '{job}', 'token': $states.context.Task.Token"
    cause = "{% 'nobody decided within ' & $string($go.timeout) & ' s' %}"
    late: JsonValue = {
        "ErrorEquals": ["States.Timeout"],
        "Output": {"error": "approval_timeout", "cause": cause},
        "Next": f"{job} finish",
    }
    return {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken",
        "Arguments": _control(call),
        "TimeoutSeconds": "{% $go.timeout %}",
        "Retry": _SERVICE_RETRY,
        "Catch": [late, *catch(f"{job} finish")],
        "Output": {},
        "Next": f"{job} begin",
    }


def finish(job: str, following: str) -> State:
    """Reports what became of the job."""
    call = f"'op': 'finish', 'job': '{job}', 'outcome': $states.input"
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": _control(call),
        "Retry": _SERVICE_RETRY,
        "Output": {},
        "Next": following,
    }


def end() -> State:
    """Closes the attempt and learns how it ended."""
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": _control("'op': 'end'"),
        "Retry": _SERVICE_RETRY,
        "Output": "{% $states.result.Payload %}",
        "Next": "Ended?",
    }


def report(job: str, held: str) -> State:
    """Ends an iteration of a map job: tells what became of the items of its call.

    Where the session is held control fails with `Held`: then the iteration goes on with the state `held`
    and keeps its place, so that the Map begins no other item.
    """
    call = f"'op': 'item', 'job': '{job}', 'keys': $call.keys, 'begun': $begun, 'outcome': $states.input"
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": CONTROL, "Payload": f"{{% $merge([$call.place, {{{call}}}]) %}}"},
        "Retry": _SERVICE_RETRY,
        "Catch": [{"ErrorEquals": [HELD], "Output": {}, "Next": held}],
        "Output": {},
        "End": True,
    }


def hold(job: str) -> State:
    """Ends an iteration of a map job once the session goes on."""
    call = f"'op': 'hold', 'job': '{job}', 'keys': $call.keys, 'token': $states.context.Task.Token"
    return {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken",
        "Arguments": {"FunctionName": CONTROL, "Payload": f"{{% $merge([$call.place, {{{call}}}]) %}}"},
        "Retry": _SERVICE_RETRY,
        "Output": {},
        "End": True,
    }


def operation_state(operation: Operation, name: str, go: str, failed: str, retry: Retry | None) -> State:
    """One call, whose arguments the expression `go` gives; a failure goes on with the state `failed`.

    `name` is that of its function or task definition; the next state is left to the caller.
    """
    calls: State = {"Type": "Task", **_call(operation, name, go), "TimeoutSeconds": f"{{% {go}.timeout %}}"}
    return (
        calls
        | ({"Retry": [_retrier(retry)]} if retry and retry.max_attempts else {})
        | {"Catch": list(catch(failed))}
    )


def resource_name(pipeline: str, job: str, index: int) -> str:
    """Name of the function or task definition of an operation; ids have no capitals, so none collide."""
    return f"{pipeline}-{job}" + (f"-Op{index}" if index else "")


def _control(call: str) -> JsonValue:
    return {"FunctionName": CONTROL, "Payload": f"{{% $merge([{_INPUT}, {{{call}}}]) %}}"}


def _call(operation: Operation, name: str, go: str) -> State:
    """Resource, arguments and output of an operation."""
    if operation.kind == "lambda":
        return _lambda(name, go)
    if operation.kind == "ecs":
        return _ecs(name, go)
    if isinstance(operation, StepFunctionsOperation):
        return _of(START_EXECUTION, f"{go}.arguments", "$states.result.Output")
    return _aws(operation, go)


def _lambda(name: str, go: str) -> State:
    arguments: State = {
        "FunctionName": name,
        "Payload": f"{{% {go}.payload %}}",
        "ClientContext": f"{{% {go}.client_context %}}",
    }
    return {"Resource": INVOKE, "Arguments": arguments, "Output": {"output": "{% $states.result.Payload %}"}}


def _ecs(name: str, go: str) -> State:
    arguments: State = {
        "LaunchType": "FARGATE",
        "TaskDefinition": name,
        "Overrides": f"{{% {go}.overrides %}}",
    }
    return {"Resource": RUN_TASK, "Arguments": arguments, "Output": {"output": None}}


def _aws(operation: AwsOperation, go: str) -> State:
    arguments = f"{go}.arguments"
    if ".waitForTaskToken" in operation.resource:
        arguments = f"$parse($replace($string({arguments}), '{TASK_TOKEN}', $states.context.Task.Token))"
    return _of(operation.resource, arguments, "$states.result")


def _of(resource: str, arguments: str, output: str) -> State:
    return {
        "Resource": resource,
        "Arguments": f"{{% {arguments} %}}",
        "Output": {"output": f"{{% {output} %}}"},
    }


def _retrier(retry: Retry) -> JsonValue:
    retrier: State = {
        "ErrorEquals": list(retry.errors),
        "IntervalSeconds": retry.interval,
        "MaxAttempts": retry.max_attempts,
        "BackoffRate": retry.backoff,
        "JitterStrategy": retry.jitter.upper(),
    }
    return retrier if retry.max_delay is None else {**retrier, "MaxDelaySeconds": retry.max_delay}


def catch(following: str) -> list[dict[str, JsonValue]]:
    """Every error goes on with a state, as `{error, cause}`."""
    # An object constructor leaves out what is undefined, and an error need not have a cause.
    failed = "{% {'error': $states.errorOutput.Error, 'cause': $states.errorOutput.Cause} %}"
    return [{"ErrorEquals": ["States.ALL"], "Output": failed, "Next": following}]
