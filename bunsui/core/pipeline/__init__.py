"""Pipelines: load, check, hash and compile their definitions.

The names are loaded when they are first asked for: most readers of records need a few of them only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bunsui.core.pipeline.backend import Backend, check_backend
    from bunsui.core.pipeline.code import code_digest, code_files
    from bunsui.core.pipeline.compiled import Compiled, ContainerTask, Function, Step, compile_pipeline
    from bunsui.core.pipeline.dag import Dag
    from bunsui.core.pipeline.document import Document, parse_document, read_document
    from bunsui.core.pipeline.expressions import Bindings, evaluate, render
    from bunsui.core.pipeline.findings import Finding
    from bunsui.core.pipeline.load import LoadedPipeline, load_document, load_pipeline, load_reference
    from bunsui.core.pipeline.machine import TASK_TOKEN
    from bunsui.core.pipeline.meaning import check
    from bunsui.core.pipeline.parameters import check_params
    from bunsui.core.pipeline.version import canonical, fingerprint, version_hash

_EXPORTS = {
    # module -> the names that it defines
    "backend": ("Backend", "check_backend"),
    "version": ("canonical", "fingerprint", "version_hash"),
    "meaning": ("check",),
    "code": ("code_digest", "code_files"),
    "compiled": ("Compiled", "ContainerTask", "Function", "Step", "compile_pipeline"),
    "dag": ("Dag",),
    "document": ("Document", "parse_document", "read_document"),
    "machine": ("TASK_TOKEN",),
    "expressions": ("Bindings", "evaluate", "render"),
    "findings": ("Finding",),
    "load": ("LoadedPipeline", "load_document", "load_pipeline", "load_reference"),
    "parameters": ("check_params",),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [
    "TASK_TOKEN",
    "Backend",
    "Bindings",
    "Compiled",
    "ContainerTask",
    "Dag",
    "Document",
    "Finding",
    "Function",
    "LoadedPipeline",
    "Step",
    "canonical",
    "check",
    "check_backend",
    "check_params",
    "code_digest",
    "code_files",
    "compile_pipeline",
    "evaluate",
    "fingerprint",
    "load_document",
    "load_pipeline",
    "load_reference",
    "parse_document",
    "read_document",
    "render",
    "version_hash",
]


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
