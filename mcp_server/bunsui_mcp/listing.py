"""Tools as hosts see them."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from mcp import types

from bunsui.core.models.plan import Effect
from bunsui.tools.registry import Entry
from bunsui.tools.tool import AnyTool
from bunsui_mcp.schemas import input_schema, output_schema

_COLORS = {Effect.SPEND: "gold", Effect.DESTROY: "red"}
_SAFE = "/:='"


@lru_cache(maxsize=512)
def described(entry: Entry) -> types.Tool:
    """A tool with schemas, hints and, where it costs or deletes, an icon in the colour of its effect."""
    tool = entry.load()
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema(tool),
        output_schema=output_schema(tool),
        annotations=hints(tool),
        icons=[icon(_COLORS[tool.effect])] if tool.effect in _COLORS else None,
    )


def hints(tool: AnyTool) -> types.ToolAnnotations:
    """All four hints. A plan works once and an empty one changes nothing, but a start starts again."""
    return types.ToolAnnotations(
        read_only_hint=tool.reads,
        destructive_hint=tool.effect is Effect.DESTROY,
        idempotent_hint=tool.effect is not Effect.SPEND,
        open_world_hint=tool.effect is Effect.SPEND,
    )


def icon(color: str) -> types.Icon:
    """A square, small enough for a list that models read too."""
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' style='background:{color}'/>"
    return types.Icon(src=f"data:image/svg+xml,{quote(drawing, safe=_SAFE)}")
