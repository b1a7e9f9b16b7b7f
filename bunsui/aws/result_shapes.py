"""Shapes of API answers, from the service descriptions that come with boto3.

TestState checks mocked results against them. Step Functions writes the names of members with a capital
letter and gives times and binary data as text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import (
    ListShape,
    MapShape,
    OperationNotFoundError,
    ServiceModel,
    StringShape,
    StructureShape,
)
from botocore.model import Shape as BotoShape

from bunsui.asl.test_state import Shape

_KINDS = {
    "structure": "structure",
    "map": "map",
    "list": "list",
    "string": "string",
    "character": "string",
    "blob": "string",
    "timestamp": "string",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
}
_OPTIMISED = {"states": "sfn", "events": "eventbridge", "elasticmapreduce": "emr"}
_RENAMED = dict(
    pair.split("=")
    for pair in """
        applicationdiscoveryservice=discovery cloudwatchlogs=logs cognitoidentityprovider=cognito-idp
        configservice=config costandusagereportservice=cur costexplorer=ce databasemigrationservice=dms
        directoryservice=ds directoryservicedata=ds-data elasticloadbalancing=elb
        elasticloadbalancingv2=elbv2 elasticsearchservice=es eventbridge=events iotdataplane=iot-data
        iotjobsdataplane=iot-jobs-data lexmodelbuildingservice=lex-models lexmodelsv2=lexv2-models
        lexruntimeservice=lex-runtime lexruntimev2=lexv2-runtime migrationhub=mgh
        marketplaceentitlementservice=marketplace-entitlement marketplacemetering=meteringmarketplace
        pinpointsmsvoice=sms-voice serverlessapplicationrepository=serverlessrepo sfn=stepfunctions
        simpledb=sdb
    """.split()
)
"""Names in ARNs that are not botocore's without their hyphens."""
_PARSED = frozenset({("lambda", "Payload"), ("states", "Output"), ("states", "Input")})
"""Text members that an optimised integration gives as JSON values."""


class ResultShape:
    """A shape of botocore, as TestState wants to see it."""

    def __init__(self, shape: BotoShape, service: str, *, parsed: bool = False) -> None:
        self._shape = shape
        self._service = service
        self.kind = "any" if parsed else _KINDS.get(shape.type_name, "any")

    @property
    def values(self) -> Collection[str]:
        return self._shape.enum if isinstance(self._shape, StringShape) else ()

    @property
    def required(self) -> Collection[str]:
        names = self._shape.required_members if isinstance(self._shape, StructureShape) else ()
        return [_capital(name) for name in names]

    @property
    def members(self) -> Mapping[str, Shape]:
        if not isinstance(self._shape, StructureShape):
            return {}
        names = {_capital(name): shape for name, shape in self._shape.members.items()}
        return {name: self._of(shape, (self._service, name) in _PARSED) for name, shape in names.items()}

    @property
    def item(self) -> Shape | None:
        if isinstance(self._shape, ListShape):
            return self._of(self._shape.member)
        return self._of(self._shape.value) if isinstance(self._shape, MapShape) else None

    def _of(self, shape: BotoShape, parsed: bool = False) -> Shape:  # noqa: FBT001, FBT002
        return ResultShape(shape, self._service, parsed=parsed)


def result_shape(service: str, action: str) -> Shape | None:
    """The shape of an action's answer; None for an action that boto3 does not know.

    ``service`` and ``action`` are named as in the ARN of a Task: ``("aws-sdk:s3", "getObject")``.
    """
    model = _models().get(_OPTIMISED.get(service, service.removeprefix("aws-sdk:").replace("-", "")))
    try:
        shape = None if model is None else _service(model).operation_model(_capital(action)).output_shape
    except (OperationNotFoundError, UnknownServiceError):
        return None
    return None if shape is None else ResultShape(shape, service)


@lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@lru_cache(maxsize=32)
def _service(name: str) -> ServiceModel:
    return _session().get_service_model(name)


@lru_cache(maxsize=1)
def _models() -> Mapping[str, str]:
    """Names as Step Functions writes them, to names of botocore."""
    return {name.replace("-", ""): name for name in _session().get_available_services()} | _RENAMED


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
