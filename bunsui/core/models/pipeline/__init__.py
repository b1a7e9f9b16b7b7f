"""The pipeline model: what a definition holds, from YAML and from Python alike."""

from bunsui.core.models.pipeline.definition import DEFAULT_TIMEOUT, Defaults, OnFailure, Pipeline
from bunsui.core.models.pipeline.fan_out import MapMode, MapSpec
from bunsui.core.models.pipeline.job import Approval, Job, Severity
from bunsui.core.models.pipeline.operation import (
    KINDS,
    AwsOperation,
    EcsOperation,
    LambdaOperation,
    Operation,
    StepFunctionsOperation,
)
from bunsui.core.models.pipeline.parameter import Parameter, ParameterType
from bunsui.core.models.pipeline.retry import Jitter, Retry

__all__ = [
    "DEFAULT_TIMEOUT",
    "KINDS",
    "Approval",
    "AwsOperation",
    "Defaults",
    "EcsOperation",
    "Jitter",
    "Job",
    "LambdaOperation",
    "MapMode",
    "MapSpec",
    "OnFailure",
    "Operation",
    "Parameter",
    "ParameterType",
    "Pipeline",
    "Retry",
    "Severity",
    "StepFunctionsOperation",
]
