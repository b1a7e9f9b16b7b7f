"""Operations: one call each.

A definition writes `{lambda: {handler: …}}`; the canonical form is flat, `{kind: lambda, handler: …}`.
Both are read. Values documented as templates hold JSONata between `{% %}` at any depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.pipeline.values import Count, Text

__all__ = [
    "HANDLER_PATTERN",
    "KINDS",
    "AwsOperation",
    "EcsOperation",
    "LambdaOperation",
    "Operation",
    "StepFunctionsOperation",
]

HANDLER_PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
ENV_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _as_text(value: object) -> object:
    """Numbers and booleans of a definition as the text that a process finds in its environment."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


EnvName = Annotated[str, StringConstraints(pattern=ENV_PATTERN)]
EnvText = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | bool | int | float)]


class LambdaOperation(Model):
    """A Python handler `package.module:function` of the project, as a Lambda function.

    `memory` is in MiB. `input` (template) is the event; without it the event is `{}`.
    """

    kind: Literal["lambda"] = "lambda"
    handler: Annotated[str, StringConstraints(pattern=HANDLER_PATTERN)]
    memory: Count = 512
    env: dict[EnvName, EnvText] = {}
    input: JsonValue = None


class EcsOperation(Model):
    """A container task. Locally `image` only names it: the command runs in the project's folder.

    `cpu` is in units of 1/1024 vCPU, `memory` in MiB. `command`, `env` and `input` are templates;
    the input is the document behind `BUNSUI_INPUT`.
    """

    kind: Literal["ecs"] = "ecs"
    image: Text
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    cpu: Count = 256
    memory: Count = 512
    env: dict[EnvName, EnvText] = {}
    input: JsonValue = None


class StepFunctionsOperation(Model):
    """A nested execution of another state machine, waited for. `input` is a template."""

    kind: Literal["step_functions"] = "step_functions"
    state_machine: Text
    input: JsonValue = None


class AwsOperation(Model):
    """Any Task resource of Step Functions: optimised or SDK integration, any pattern.

    `arguments` is a template. With a `.waitForTaskToken` resource `$token` stands for the token.
    """

    kind: Literal["aws"] = "aws"
    resource: Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:[a-z-]+:\S+$")]
    arguments: dict[str, JsonValue] = {}


KINDS = ("lambda", "ecs", "step_functions", "aws")


def _flat(value: object) -> object:
    """`{lambda: {…}}` as `{kind: lambda, …}`."""
    if not isinstance(value, Mapping) or "kind" in value:
        return value
    if len(value) != 1 or next(iter(value)) not in KINDS:
        raise PydanticCustomError(
            "operation", "must have exactly one of {kinds}", {"kinds": ", ".join(KINDS)}
        )
    ((kind, body),) = value.items()
    if not isinstance(body, Mapping):
        raise PydanticCustomError("operation_body", "{kind} must be a mapping", {"kind": kind})
    return {**body, "kind": kind}


Operation = Annotated[
    LambdaOperation | EcsOperation | StepFunctionsOperation | AwsOperation,
    Field(discriminator="kind"),
    BeforeValidator(_flat),
]
