"""Who is at the other end: the client's name, era and abilities."""

from __future__ import annotations

from bunsui.core.models.audit import CallerKind
from bunsui.tools.context import Caller
from bunsui.tools.text import line
from bunsui_mcp.sources import Context

MODERN = "2026-07-28"
STRUCTURED = "2025-06-18"


def caller(ctx: Context) -> Caller:
    """A model, under the name that its host gives itself."""
    params = ctx.session.client_params
    name = line(params.client_info.name, 60) if params is not None else ""
    return Caller(kind=CallerKind.MODEL, actor=f"mcp:{name or 'client'}")


def modern(ctx: Context) -> bool:
    """Whether questions travel as results that the client answers by calling again."""
    return ctx.protocol_version >= MODERN


def reads_structure(ctx: Context) -> bool:
    """Whether the protocol version knows structured content."""
    return ctx.protocol_version >= STRUCTURED


def shows_forms(ctx: Context) -> bool:
    """Whether the client says that it can ask its user with a form."""
    capabilities = ctx.session.client_capabilities
    asking = capabilities.elicitation if capabilities is not None else None
    return asking is not None and (asking.form is not None or asking.url is None)
