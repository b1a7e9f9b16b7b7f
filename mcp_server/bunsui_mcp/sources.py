"""What a server serves: tools, resources, prompts and completions, each behind one protocol.

Bunsui's own are made from the registry; another source (a test's) is served by the same application.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mcp import types
from mcp.server import ServerRequestContext

Context = ServerRequestContext[Any, Any]
ToolAnswer = types.CallToolResult | types.InputRequiredResult
PromptAnswer = types.GetPromptResult | types.InputRequiredResult


class Tools(Protocol):
    """Tools by name."""

    async def listed(self) -> Sequence[types.Tool]:
        """All of them, always in the same order."""
        ...

    async def call(self, ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        """Call one. A BunsuiError becomes the one error shape."""
        ...


class Resources(Protocol):
    """Resources by address."""

    async def listed(self, cursor: str | None) -> types.ListResourcesResult:
        """A page of those that can be named."""
        ...

    async def templates(self) -> Sequence[types.ResourceTemplate]:
        """Addresses with variables."""
        ...

    async def read(self, uri: str) -> Sequence[types.TextResourceContents | types.BlobResourceContents]:
        """What it holds. Raises NotFound."""
        ...

    async def state(self, uri: str) -> str:
        """Changes when what it holds does. Raises NotFound, UsageError for what is not watched."""
        ...

    async def changed(self, timeout: float) -> None:
        """Wait until something may have changed, at most so many seconds."""
        ...


class Prompts(Protocol):
    """Prompts by name."""

    async def listed(self) -> Sequence[types.Prompt]:
        """All of them."""
        ...

    async def get(self, ctx: Context, params: types.GetPromptRequestParams) -> PromptAnswer:
        """One with its variables filled in. Raises UsageError, NotFound."""
        ...


class Completions(Protocol):
    """Values for variables of prompts and templates."""

    async def complete(self, name: str, prefix: str, given: dict[str, str]) -> Sequence[str]:
        """Values of the variable `name` that begin so, the likeliest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All that a server serves. `forged` is told when a call came back with a state that is not ours."""

    tools: Tools
    resources: Resources
    prompts: Prompts
    completions: Completions
    forged: Callable[[Context], Awaitable[None]] | None = None
