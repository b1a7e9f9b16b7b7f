"""Data pipelines on AWS Step Functions, Lambda and ECS Fargate, whole on a laptop.

The names of `_EXPORTS` are loaded when they are first asked for, so that `import bunsui` and
`bunsui --version` stay cheap; for the same reason nothing of the standard library is imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from bunsui.core.models.pipeline import (
        Approval,
        AwsOperation,
        Defaults,
        EcsOperation,
        Jitter,
        Job,
        LambdaOperation,
        MapMode,
        MapSpec,
        OnFailure,
        Parameter,
        ParameterType,
        Pipeline,
        Retry,
        Severity,
        StepFunctionsOperation,
    )
    from bunsui.errors import BunsuiError

__version__ = "0.1.0"

_EXPORTS: dict[str, str] = {
    # public name -> module that defines it
    "BunsuiError": "bunsui.errors",
    "Approval": "bunsui.core.models.pipeline",
    "AwsOperation": "bunsui.core.models.pipeline",
    "Defaults": "bunsui.core.models.pipeline",
    "EcsOperation": "bunsui.core.models.pipeline",
    "Jitter": "bunsui.core.models.pipeline",
    "Job": "bunsui.core.models.pipeline",
    "LambdaOperation": "bunsui.core.models.pipeline",
    "MapMode": "bunsui.core.models.pipeline",
    "MapSpec": "bunsui.core.models.pipeline",
    "OnFailure": "bunsui.core.models.pipeline",
    "Parameter": "bunsui.core.models.pipeline",
    "ParameterType": "bunsui.core.models.pipeline",
    "Pipeline": "bunsui.core.models.pipeline",
    "Retry": "bunsui.core.models.pipeline",
    "Severity": "bunsui.core.models.pipeline",
    "StepFunctionsOperation": "bunsui.core.models.pipeline",
}

__all__ = [
    "Approval",
    "AwsOperation",
    "BunsuiError",
    "Defaults",
    "EcsOperation",
    "Jitter",
    "Job",
    "LambdaOperation",
    "MapMode",
    "MapSpec",
    "OnFailure",
    "Parameter",
    "ParameterType",
    "Pipeline",
    "Retry",
    "Severity",
    "StepFunctionsOperation",
    "__version__",
]


def __getattr__(name: str) -> object:
    module = _EXPORTS.get(name)
    if module is None:
        message = f"module 'bunsui' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
