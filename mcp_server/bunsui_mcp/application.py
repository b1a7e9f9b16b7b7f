"""The application: one SDK server over the sources, for both protocol eras and every transport."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from mcp import types
from mcp.server import CacheHint
from mcp.server.context import CallNext, HandlerResult
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import InMemorySubscriptionBus, SubscriptionBus
from mcp.shared.exceptions import MCPError

from bunsui import __version__
from bunsui.errors import BunsuiError, InternalError
from bunsui.tools.cursor import pack, unpack
from bunsui_mcp.clients import caller
from bunsui_mcp.exchanges import EndsWithItsExchange
from bunsui_mcp.listing import icon
from bunsui_mcp.results import refused
from bunsui_mcp.sources import Context, PromptAnswer, Sources, ToolAnswer
from bunsui_mcp.watching import Patience, Watching

T = TypeVar("T")
NAME = "bunsui"
PAGE = 100
COMPLETIONS = 100
_LISTS_LIVE_MS = 60_000
_HINT = CacheHint(ttl_ms=_LISTS_LIVE_MS, scope="private")
_LOG = logging.getLogger(__name__)


def create(
    sources: Sources,
    instructions: str,
    *,
    name: str = NAME,
    bus: SubscriptionBus | None = None,
    patience: Patience | None = None,
) -> Server[Any]:
    """A server over the sources. Nothing is opened or started here."""
    handlers = _Handlers(sources)
    watching = Watching(sources.resources, bus or InMemorySubscriptionBus(), patience or Patience())
    server: Server[Any] = Server(
        name,
        version=__version__,
        title=name,
        instructions=instructions,
        icons=[icon("teal")],
        cache_hints={"tools/list": _HINT, "prompts/list": _HINT, "resources/templates/list": _HINT},
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_subscribe_resource=watching.subscribe,
        on_unsubscribe_resource=watching.unsubscribe,
        on_subscriptions_listen=watching.listen,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
    )
    server.middleware += [EndsWithItsExchange(), _Sealed(sources, name)]
    return server


class _Sealed:
    """Seals the state of questions; a state that does not open is told to the sources, then refused."""

    def __init__(self, sources: Sources, name: str) -> None:
        self._boundary = RequestStateBoundary(
            RequestStateSecurity(
                keys=[secrets.token_bytes(32)], ttl=3_600, bind_principal=lambda ctx: caller(ctx).actor
            ),
            default_audience=name,
        )
        self._sources = sources

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        try:
            return await self._boundary(ctx, call_next)
        except MCPError as error:
            data = error.data if isinstance(error.data, dict) else {}
            if data.get("reason") == "invalid_request_state" and self._sources.forged is not None:
                await self._sources.forged(ctx)
            raise


class _Handlers:
    """The protocol's requests, answered by the sources."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def list_tools(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        tools, cursor = _page(await self._sources.tools.listed(), params)
        return types.ListToolsResult(tools=tools, next_cursor=cursor)

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        try:
            return await self._sources.tools.call(ctx, params)
        except MCPError:
            raise
        except BunsuiError as error:
            return refused(error)
        except Exception as error:  # noqa: BLE001 - the outermost edge: a model gets our one error shape
            return refused(_bug(error))

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return await _protocol(self._sources.resources.listed(params.cursor if params else None))

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        templates, cursor = _page(await self._sources.resources.templates(), params)
        return types.ListResourceTemplatesResult(resource_templates=templates, next_cursor=cursor)

    async def read_resource(
        self, ctx: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        contents = await _protocol(self._sources.resources.read(str(params.uri)), uri=str(params.uri))
        return types.ReadResourceResult(contents=list(contents))

    async def list_prompts(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        prompts, cursor = _page(await self._sources.prompts.listed(), params)
        return types.ListPromptsResult(prompts=prompts, next_cursor=cursor)

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> PromptAnswer:
        return await _protocol(self._sources.prompts.get(ctx, params))

    async def complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        given = dict(params.context.arguments or {}) if params.context else {}
        asked = params.argument
        found = await _protocol(self._sources.completions.complete(asked.name, asked.value, given))
        completion = types.Completion(
            values=list(found[:COMPLETIONS]), total=len(found), has_more=len(found) > COMPLETIONS
        )
        return types.CompleteResult(completion=completion)


def _page(items: Sequence[T], params: types.PaginatedRequestParams | None) -> tuple[list[T], str | None]:
    """A page of a list that is known whole."""
    cursor = params.cursor if params else None
    try:
        start = 0 if cursor is None else int(str(unpack("list", cursor, (int,))[0]))
    except BunsuiError as error:
        raise MCPError(types.INVALID_PARAMS, error.message) from None
    rest = len(items) > start + PAGE
    return list(items[start : start + PAGE]), pack("list", start + PAGE) if rest else None


async def _protocol(work: Awaitable[T], **about: str) -> T:
    """What is no tool has only protocol errors: their data is our one error shape."""
    try:
        return await work
    except BunsuiError as error:
        code = types.INTERNAL_ERROR if isinstance(error, InternalError) else types.INVALID_PARAMS
        raise MCPError(code, error.message, {**error.to_json(), **about}) from None


def _bug(error: Exception) -> InternalError:
    """What happened goes to the log; the model gets the kind of the error, not its words."""
    _LOG.error("a defect of bunsui", exc_info=error)
    return InternalError(
        f"a defect of bunsui: {type(error).__name__}",
        next_steps=["tell the person; the server's standard error has the details"],
    )
