"""Pipelines: load, check, hash and compile their definitions."""

from bunsui.core.pipeline.canonical import canonical, fingerprint, version_hash
from bunsui.core.pipeline.compiled import Compiled, ContainerTask, Function, Step, compile_pipeline
from bunsui.core.pipeline.dag import Dag
from bunsui.core.pipeline.expressions import TASK_TOKEN, Bindings, evaluate, render
from bunsui.core.pipeline.findings import Finding
from bunsui.core.pipeline.parameters import check_params

__all__ = [
    "TASK_TOKEN",
    "Bindings",
    "Compiled",
    "ContainerTask",
    "Dag",
    "Finding",
    "Function",
    "Step",
    "canonical",
    "check_params",
    "compile_pipeline",
    "evaluate",
    "fingerprint",
    "render",
    "version_hash",
]
