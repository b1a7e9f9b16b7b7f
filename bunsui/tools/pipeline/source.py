"""Pipelines by what a caller names: a registered name, a file, a folder."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bunsui.core.models.audit import CallerKind
from bunsui.core.pipeline import LoadedPipeline, load_reference
from bunsui.errors import PermissionDenied
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Positional

Reference = Annotated[
    str,
    Field(description="Name of a registered pipeline, path of its file, or its folder.", max_length=4_096),
    Positional("PIPELINE"),
]


async def load(context: ToolContext, reference: str) -> LoadedPipeline:
    """The pipeline. Raises NotFound, DefinitionInvalid with all findings, PermissionDenied."""
    check_reference(context, reference)
    return await load_reference(reference, context.ports.store.pipelines)


def check_reference(context: ToolContext, reference: str) -> None:
    """Raises PermissionDenied where a model names Python: loading it would execute it unasked."""
    if ".py" in reference and context.caller.kind is CallerKind.MODEL:
        raise PermissionDenied(
            f"loading {reference[:200]} executes Python code, which a model may not start",
            next_steps=["a person registers it: bunsui pipeline register FILE.py:NAME", "use its name then"],
        )
