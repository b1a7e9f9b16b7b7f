"""What people see instead of a document: one module a noun, each a function from a document to lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from bunsui.cli.style import Style

View = Callable[[Mapping[str, Any], Style, int | None], list[str]]

_VIEWS = {
    "pipeline_list": "pipeline:listing",
    "pipeline_show": "pipeline:show",
    "pipeline_plan": "pipeline:plan",
    "pipeline_validate": "pipeline:validation",
    "pipeline_delete": "pipeline:deleted",
    "job_show": "job:show",
    "execution_run": "execution:ran",
    "approval_list": "records:approvals",
    "approval_show": "records:approval",
    "audit_list": "records:audit",
    "audit_verify": "records:verified",
    "ops_doctor": "records:doctor",
    "ops_gc": "records:removed",
    "session_delete": "records:removed",
    "session_list": "session:listing",
    "session_show": "session:show",
    "session_wait": "session:waited",
    "session_start": "session:changed",
    "session_rerun": "session:changed",
    "session_stop": "session:changed",
    "session_pause": "session:changed",
    "session_resume": "session:changed",
    "ops_maintenance": "records:maintenance",
    "session_accept": "session:changed",
}


def lines_of(name: str, document: Mapping[str, Any], style: Style, limit: int | None) -> list[str]:
    """The view of a tool's document; what has no view of its own is shown field by field."""
    module, _, function = _VIEWS.get(name, "generic:fields").partition(":")
    view: View = getattr(import_module(f"bunsui.cli.views.{module}"), function)
    return view(document, style, limit)
