"""A tool: one typed operation of bunsui, the same over MCP, as a command and in the chat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import ConfigDict, Field

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.plan import Effect, StoredPlan
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Flag


class Input(Model):
    """Arguments of a tool: flat, every field described."""


class ChangeInput(Input):
    """Arguments of a tool that changes something."""

    plan_id: Annotated[str | None, Flag("plan")] = Field(
        default=None,
        description="Id of a decided plan of this same call.",
    )


class Output(Model):
    """What a tool returns. Subclasses narrow `schema_name` to `bunsui.<noun>/<version>`."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_name: str = Field(alias="schema", description="Name and version of this document's shape.")

    @property
    def headline(self) -> str:
        """One line of our own words that says what the document holds."""
        return self.schema_name

    @property
    def subject(self) -> str | None:
        """What the document is about, for the audit trail: the id of a session, the name of a pipeline."""
        return None


InputT = TypeVar("InputT", bound=Input)
OutputT = TypeVar("OutputT", bound=Output)


class Plan(Model):
    """What a call is about to do over the state seen now.

    `text` is derived from our own fields only and is what a person approves; `body` is the plan as
    data with the versions it observed, so that another state gives another digest. Where the state
    moves on by itself in ways that make no difference, `binding` is digested instead of both. An
    `empty` plan changes nothing: it is neither stored nor asked about; `nothing` says why.
    """

    title: str
    text: tuple[str, ...]
    body: JsonValue
    binding: JsonValue = None
    subject: str | None = None
    empty: bool = False
    nothing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[InputT, OutputT]):
    """One operation as data plus functions.

    `handler` of a tool that is not a read finds the approved plan in `context.plan` and commits it as
    used together with the change; for an empty plan it finds None and changes nothing. `preview` turns
    a plan and its digest into the answer of a dry run, for tools whose input has `dry_run`.
    """

    name: str
    title: str
    summary: str
    description: str
    effect: Effect
    input: type[InputT]
    output: type[OutputT]
    handler: Callable[[ToolContext, InputT], Awaitable[OutputT]]
    plan: Callable[[ToolContext, InputT], Awaitable[Plan]] | None = None
    preview: Callable[[Plan, str], OutputT] | None = None

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.effect is Effect.READ


AnyTool = Tool[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a call came to: the typed output, one line about it, the plan that allowed it."""

    tool: str
    output: Output
    summary: str
    plan: StoredPlan | None = None
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, JsonValue]:
        """The output as the JSON document of every front end."""
        return self.output.model_dump(mode="json", by_alias=True)
