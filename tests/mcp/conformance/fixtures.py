"""What the conformance suite wants to find, as sources of our application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcp import types
from mcp.server.subscriptions import PromptsListChanged, SubscriptionBus, ToolsListChanged
from mcp.shared.exceptions import MCPError

from bunsui.errors import NotFound, RunFailed
from bunsui_mcp.sources import Context, PromptAnswer, ToolAnswer
from tests.mcp.conformance.schemas import DEFAULTS, ENUMS, SCHEMA_2020_12, USER

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}

Handler = Callable[[Context, types.CallToolRequestParams], Awaitable[ToolAnswer]]


def said(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)])


def image() -> types.ImageContent:
    return types.ImageContent(data=PNG, mime_type="image/png")


def embedded(uri: str, mime_type: str, text: str) -> types.EmbeddedResource:
    return types.EmbeddedResource(
        resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    )


def form(message: str, schema: dict[str, Any]) -> types.ElicitRequest:
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(text: str, most: int) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=text))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=most)
    )


def steps(*rounds: dict[str, Any], done: str = "done", state: bool = False) -> Handler:
    """A tool that asks round by round; the state counts the rounds."""

    async def call(_ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        given = params.input_responses or {}
        number = int((params.request_state or "round-0").rpartition("-")[2]) if state else 0
        expected = rounds[number - 1] if number else rounds[0]
        answered = all(key in given for key in expected) and (number > 0 or not state)
        if answered and (not state or number == len(rounds)):
            return said(f"{done}: {', '.join(sorted(given))} {_content(given)}")
        following = number if state and answered else max(number - 1, 0)
        return types.InputRequiredResult(
            input_requests=rounds[following], request_state=f"round-{following + 1}" if state else None
        )

    return call


def _content(given: dict[str, Any]) -> str:
    return " ".join(str(one.model_dump(mode="json", by_alias=True)) for one in given.values())


async def logging(ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", text, related_request_id=ctx.request_id)
        await asyncio.sleep(0.05)
    return said("logged")


async def progressing(ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"{done} of 100")
        await asyncio.sleep(0.05)
    return said("progressed")


async def sampled(ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    message = types.SamplingMessage(
        role="user", content=types.TextContent(text=str((params.arguments or {})["prompt"]))
    )
    answer = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
    return said(f"LLM response: {getattr(answer.content, 'text', '')}")


def elicited(schema: dict[str, Any], prefix: str) -> Handler:
    async def call(ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        message = str((params.arguments or {}).get("message", "Please fill in"))
        answer = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
        return said(f"{prefix}action={answer.action}, content={answer.content}")

    return call


async def failing(_ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
    raise RunFailed("This tool intentionally returns an error for testing")


async def reconnecting(ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
    if ctx.close_sse_stream is not None:
        await ctx.close_sse_stream()
    await asyncio.sleep(0.1)
    return said("reconnected")


async def capable(ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    """Asks only for what the client says it can answer."""
    capabilities = ctx.session.client_capabilities
    wanted: dict[str, Any] = {}
    if capabilities is not None and capabilities.elicitation is not None:
        wanted["user_name"] = form("What is your name?", NAME)
    if capabilities is not None and capabilities.sampling is not None:
        wanted["greeting"] = sampling("Generate a greeting", 50)
    if params.input_responses or not wanted:
        return said("done")
    return types.InputRequiredResult(input_requests=wanted)


async def lacking(ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
    capabilities = ctx.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "sampling is required",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return said("done")


def plain(*content: Any) -> Handler:
    async def call(_ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
        return types.CallToolResult(content=list(content))

    return call


def handlers() -> dict[str, Handler]:
    """Every tool that does not need the bus."""
    name = {"user_name": form("What is your name?", NAME)}
    greeting = {"greeting": sampling("Generate a greeting", 50)}
    roots = {"client_roots": types.ListRootsRequest()}
    confirm = {
        "confirm": form("Please confirm", {"type": "object", "properties": {"ok": {"type": "boolean"}}})
    }
    asked = "test_input_required_result_"
    return {
        "test_simple_text": plain(types.TextContent(text="This is a simple text response for testing.")),
        "test_image_content": plain(image()),
        "test_audio_content": plain(types.AudioContent(data=WAV, mime_type="audio/wav")),
        "test_embedded_resource": plain(
            embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
        ),
        "test_multiple_content_types": plain(
            types.TextContent(text="Multiple content types test:"),
            image(),
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ),
        "test_tool_with_logging": logging,
        "test_logging_tool": logging,
        "test_tool_with_progress": progressing,
        "test_sampling": sampled,
        "test_elicitation": elicited(USER, "User response: "),
        "test_elicitation_sep1034_defaults": elicited(DEFAULTS, "Elicitation completed: "),
        "test_elicitation_sep1330_enums": elicited(ENUMS, "Elicitation completed: "),
        "test_streaming_elicitation": steps(name),
        "test_error_handling": failing,
        "test_reconnection": reconnecting,
        "test_missing_capability": lacking,
        "json_schema_2020_12_tool": plain(types.TextContent(text="ok")),
        "test_x_mcp_header": plain(types.TextContent(text="ok")),
        f"{asked}elicitation": steps(name, done="Hello"),
        f"{asked}sampling": steps({"capital_question": sampling("What is the capital of France?", 100)}),
        f"{asked}list_roots": steps(roots),
        f"{asked}request_state": steps(confirm, done="state-ok", state=True),
        f"{asked}multiple_inputs": steps({**name, **greeting, **roots}, state=True),
        f"{asked}multi_round": steps(
            {"step1": form("Step 1: What is your name?", NAME)},
            {"step2": form("Step 2: What is your favorite color?", NAME)},
            state=True,
        ),
        f"{asked}tampered_state": steps(confirm, state=True),
        f"{asked}capabilities": capable,
    }


INPUTS: dict[str, dict[str, Any]] = {
    "test_sampling": {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]},
    "test_elicitation": {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
    },
    "json_schema_2020_12_tool": SCHEMA_2020_12,
    "test_x_mcp_header": {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        "required": ["region"],
    },
}


@dataclass(frozen=True)
class FixtureTools:
    bus: SubscriptionBus

    def table(self) -> dict[str, Handler]:
        async def tools(_ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
            await self.bus.publish(ToolsListChanged())
            return said("changed")

        async def prompts(_ctx: Context, _params: types.CallToolRequestParams) -> ToolAnswer:
            await self.bus.publish(PromptsListChanged())
            return said("changed")

        return {**handlers(), "test_trigger_tool_change": tools, "test_trigger_prompt_change": prompts}

    async def listed(self) -> Sequence[types.Tool]:
        return [
            types.Tool(
                name=name,
                description=f"Fixture {name} of the conformance suite.",
                input_schema=INPUTS.get(name, {"type": "object", "properties": {}}),
            )
            for name in self.table()
        ]

    async def call(self, ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        handler = self.table().get(params.name)
        if handler is None:
            raise NotFound(f"there is no tool {params.name}")
        return await handler(ctx, params)


class FixtureResources:
    async def listed(self, cursor: str | None) -> types.ListResourcesResult:
        named = (
            ("static-text", "text/plain"),
            ("static-binary", "image/png"),
            ("watched-resource", "text/plain"),
        )
        resources = [
            types.Resource(name=name, uri=f"test://{name}", mime_type=mime, description=f"Fixture {name}.")
            for name, mime in named
        ]
        return types.ListResourcesResult(resources=resources)

    async def templates(self) -> Sequence[types.ResourceTemplate]:
        return [
            types.ResourceTemplate(
                name="data", uri_template="test://template/{id}/data", mime_type="application/json"
            )
        ]

    async def read(self, uri: str) -> Sequence[types.TextResourceContents | types.BlobResourceContents]:
        if found := re.fullmatch(r"test://template/(\w+)/data", uri):
            text = f'{{"id":"{found[1]}","templateTest":true,"data":"Data for ID: {found[1]}"}}'
            return [types.TextResourceContents(uri=uri, mime_type="application/json", text=text)]
        if uri == "test://static-binary":
            return [types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)]
        if uri in {"test://static-text", "test://watched-resource"}:
            text = "This is the content of the static text resource."
            return [types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)]
        raise NotFound(f"there is no resource {uri}", details={"uri": uri})

    async def state(self, uri: str) -> str:
        return ""

    async def changed(self, timeout: float) -> None:
        await asyncio.sleep(timeout)


class FixturePrompts:
    async def listed(self) -> Sequence[types.Prompt]:
        named: dict[str, tuple[str, ...]] = {
            "test_simple_prompt": (),
            "test_prompt_with_arguments": ("arg1", "arg2"),
            "test_prompt_with_embedded_resource": ("resourceUri",),
            "test_prompt_with_image": (),
            "test_input_required_result_prompt": (),
        }
        return [
            types.Prompt(
                name=name,
                description=f"Fixture {name}.",
                arguments=[
                    types.PromptArgument(name=one, description=one, required=True) for one in arguments
                ],
            )
            for name, arguments in named.items()
        ]

    async def get(self, ctx: Context, params: types.GetPromptRequestParams) -> PromptAnswer:
        given = params.arguments or {}
        if params.name == "test_input_required_result_prompt" and not params.input_responses:
            question = form("What context should the prompt use?", NAME)
            return types.InputRequiredResult(input_requests={"user_context": question})
        contents: dict[str, list[types.ContentBlock]] = {
            "test_simple_prompt": [types.TextContent(text="This is a simple prompt for testing.")],
            "test_prompt_with_arguments": [
                types.TextContent(
                    text=f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"
                )
            ],
            "test_prompt_with_embedded_resource": [
                embedded(
                    given.get("resourceUri", "test://none"),
                    "text/plain",
                    "Embedded resource content for testing.",
                ),
                types.TextContent(text="Please process the embedded resource above."),
            ],
            "test_prompt_with_image": [image(), types.TextContent(text="Please analyze the image above.")],
            "test_input_required_result_prompt": [types.TextContent(text="With your context.")],
        }
        if params.name not in contents:
            raise NotFound(f"there is no prompt {params.name}")
        messages = [types.PromptMessage(role="user", content=one) for one in contents[params.name]]
        return types.GetPromptResult(messages=messages)


class FixtureCompletions:
    async def complete(self, name: str, prefix: str, given: dict[str, str]) -> Sequence[str]:
        return [word for word in ("paris", "park", "party") if word.startswith(prefix)]
