"""Integrations that bunsui does not carry out itself: for mocks or an endpoint, or refused by name.

The mocks file is JSON or YAML. Under the name of a state or a resource ARN (with or without its pattern)
it has one answer or a list of answers, used one after the other; the last one stays:

```yaml
arn:aws:states:::glue:startJobRun.sync: {Return: {JobRunState: SUCCEEDED}}
load into warehouse:
  - Throw: {Error: Redshift.Busy, Cause: try again}
  - Return: {Status: FINISHED}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.pipeline.document import read_data
from bunsui.errors import ConfigError
from bunsui.local.worker.assignment import Answer, Assignment
from bunsui.local.worker.aws_services import parse
from bunsui.local.worker.endpoint import Endpoint
from bunsui.local.worker.endpoint_calls import call_endpoint, carried_out


@dataclass(frozen=True, slots=True)
class Integrations:
    """Answers tasks from the mocks of their execution, read anew for every call, then from its endpoint."""

    environment: Mapping[str, str]

    async def answer(self, assignment: Assignment) -> Answer:
        """The answer of the first mock that fits, or of the endpoint, or a failure that says what to set.

        Raises ConfigError, Unavailable.
        """
        mocks = assignment.record.options.mocks
        known = load_mocks(Path(mocks)) if mocks is not None else {}
        resource = assignment.task.resource
        for name in (assignment.task.state, resource, resource.partition(".")[0]):
            if name in known:
                return _mocked(known[name], assignment.task.retry_count)
        operation, endpoint = parse(resource), assignment.record.options.endpoint
        if endpoint is not None and operation is not None and carried_out(operation):
            parameters = assignment.task.parameters
            return await call_endpoint(Endpoint(endpoint, self.environment), operation, parameters)
        return _refused(assignment)


def load_mocks(path: Path) -> dict[str, JsonValue]:
    """The content of a mocks file. Raises ConfigError when it cannot be read."""
    found = read_data(path, "The mocks file of the setting `integrations_mocks`")
    if not isinstance(found, dict):
        raise ConfigError(f"The mocks file {path} must map states or resources to answers")
    return found


def _mocked(answers: JsonValue, retry_count: int) -> Answer:
    steps = answers if isinstance(answers, list) else [answers]
    match steps[min(retry_count, len(steps) - 1)] if steps else None:
        case {"Return": value}:
            return Answer(output=value)
        case {"Throw": {"Error": str(error), **rest}}:
            return Answer(
                failure=Failure(error=error, cause=str(rest.get("Cause", ""))), status=JobStatus.FAILED
            )
        case other:
            raise ConfigError(f"A mock has neither Return nor Throw with an Error: {other!r:.200}")


def _refused(assignment: Assignment) -> Answer:
    resource, state = assignment.task.resource, assignment.task.state
    mocks, endpoint = assignment.record.options.mocks, assignment.record.options.endpoint
    tried = [f"the mocks file {mocks} has no answer for it"] if mocks else ["no mocks file is set"]
    tried += [f"it cannot be asked of the endpoint {endpoint}"] if endpoint else ["no endpoint is set"]
    cause = (
        f"The local backend does not carry out {resource} (state {state}): {', and '.join(tried)}. "
        f"Set `integrations_mocks` to a file with an answer under {resource!r} or {state!r}, "
        "or `integrations_endpoint` to the address of AWS or a stand-in."
    )
    return Answer(failure=Failure(error="States.TaskFailed", cause=cause), status=JobStatus.FAILED)
