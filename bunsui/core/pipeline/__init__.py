"""Pipelines: load, check, hash and compile their definitions."""

from bunsui.core.pipeline.backend import Backend, check_backend, refuse_unsupported
from bunsui.core.pipeline.canonical import canonical, fingerprint, version_hash
from bunsui.core.pipeline.check import check
from bunsui.core.pipeline.code import code_digest, code_files
from bunsui.core.pipeline.compiled import Compiled, ContainerTask, Function, Step, compile_pipeline
from bunsui.core.pipeline.dag import Dag
from bunsui.core.pipeline.document import Document, parse_document, read_document
from bunsui.core.pipeline.expressions import TASK_TOKEN, Bindings, evaluate, render
from bunsui.core.pipeline.findings import Finding
from bunsui.core.pipeline.load import LoadedPipeline, load_document, load_pipeline, load_reference
from bunsui.core.pipeline.parameters import check_params
from bunsui.core.pipeline.references import references

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
    "references",
    "refuse_unsupported",
    "render",
    "version_hash",
]
