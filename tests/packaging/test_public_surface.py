"""What users may import from `bunsui`: a change of this list is a change that they notice."""

from __future__ import annotations

import bunsui

SURFACE = """
    Approval AwsOperation BunsuiError Defaults EcsOperation Jitter Job LambdaOperation MapMode MapSpec
    OnFailure Parameter ParameterType Pipeline Retry Severity StepFunctionsOperation __version__
""".split()


def test_the_public_surface_is_known() -> None:
    assert sorted(bunsui.__all__) == SURFACE
