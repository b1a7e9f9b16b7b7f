"""Services that speak AWS's JSON protocol, by the names that a state machine's resources use.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bunsui.core.models.base import JsonValue

_RESOURCE = re.compile(
    r"arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:)?([^:.]+):([A-Za-z]+)(?:\.([A-Za-z]+)(?::\d+)?)?$"
)


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is spoken to. `name` signs requests and stands before its errors.

    `camel`: its members begin with a small letter, which Step Functions shows with a capital one.
    """

    signing: str
    target: str
    name: str
    version: str = "1.1"
    camel: bool = False


_STATES = Service("states", "AWSStepFunctions", "Sfn", "1.0", camel=True)
_EVENTS = Service("events", "AWSEvents", "EventBridge")
_EMR = Service("elasticmapreduce", "ElasticMapReduce", "Emr")
SERVICES: Mapping[str, Service] = {
    "athena": Service("athena", "AmazonAthena", "Athena"),
    "codebuild": Service("codebuild", "CodeBuild_20161006", "CodeBuild", camel=True),
    "dynamodb": Service("dynamodb", "DynamoDB_20120810", "DynamoDb", "1.0"),
    "ecs": Service("ecs", "AmazonEC2ContainerServiceV20141113", "Ecs", camel=True),
    "elasticmapreduce": _EMR,
    "emr": _EMR,
    "eventbridge": _EVENTS,
    "events": _EVENTS,
    "glue": Service("glue", "AWSGlue", "Glue"),
    "kinesis": Service("kinesis", "Kinesis_20131202", "Kinesis"),
    "redshiftdata": Service("redshift-data", "RedshiftData", "RedshiftData"),
    "sagemaker": Service("sagemaker", "SageMaker", "SageMaker"),
    "secretsmanager": Service("secretsmanager", "secretsmanager", "SecretsManager"),
    "sfn": _STATES,
    "sqs": Service("sqs", "AmazonSQS", "Sqs", "1.0"),
    "ssm": Service("ssm", "AmazonSSM", "Ssm"),
    "states": _STATES,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A parsed resource: which operation of which service, and whether its work is waited for."""

    service: str
    action: str
    pattern: str
    sdk: bool


def parse(resource: str) -> Operation | None:
    """The operation of a resource; None for what is no service integration."""
    match = _RESOURCE.match(resource)
    if match is None:
        return None
    sdk, service, action, pattern = match.groups()
    return Operation(service, action[0].upper() + action[1:], pattern or "", bool(sdk))


@dataclass(frozen=True, slots=True)
class Follow:
    """How the end of work that was begun is seen: what to ask, and where the answer says it.

    `ask` maps members of the question to members of the first answer.
    """

    action: str
    ask: Mapping[str, str]
    inside: str
    status: tuple[str, ...]
    good: frozenset[str]
    bad: frozenset[str]


FOLLOWS: Mapping[tuple[str, str], Follow] = {
    ("states", "StartExecution"): Follow(
        "DescribeExecution",
        {"ExecutionArn": "ExecutionArn"},
        "",
        ("Status",),
        frozenset({"SUCCEEDED"}),
        frozenset({"FAILED", "TIMED_OUT", "ABORTED"}),
    ),
    ("glue", "StartJobRun"): Follow(
        "GetJobRun",
        {"JobName": "JobName", "RunId": "JobRunId"},
        "JobRun",
        ("JobRunState",),
        frozenset({"SUCCEEDED"}),
        frozenset({"FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"}),
    ),
    ("athena", "StartQueryExecution"): Follow(
        "GetQueryExecution",
        {"QueryExecutionId": "QueryExecutionId"},
        "",
        ("QueryExecution", "Status", "State"),
        frozenset({"SUCCEEDED"}),
        frozenset({"FAILED", "CANCELLED"}),
    ),
}


def with_small_letters(value: JsonValue) -> JsonValue:
    """The members of a request as a service of small letters names them."""
    return _renamed(value, lambda name: name[:1].lower() + name[1:])


def with_capitals(value: JsonValue) -> JsonValue:
    """The members of an answer as Step Functions shows them."""
    return _renamed(value, lambda name: name[:1].upper() + name[1:])


def _renamed(value: JsonValue, rename: Callable[[str], str]) -> JsonValue:
    if isinstance(value, list):
        return [_renamed(one, rename) for one in value]
    if isinstance(value, dict):
        return {rename(name): _renamed(one, rename) for name, one in value.items()}
    return value
