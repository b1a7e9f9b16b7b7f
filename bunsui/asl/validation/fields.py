"""Which fields each kind of state has, in which query language, and what they hold.

Source: the States Language specification, "Table of State Types and Fields", and the pages of the
developer guide on each state.
"""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.asl.validation import choice, expressions, handlers, maps, resources, templates, values
from bunsui.asl.validation.findings import Site
from bunsui.asl.validation.model import JSONATA, JSONPATH
from bunsui.asl.validation.records import Choose, Field, Record

_PLACE = Field(expressions.reference_path, language=JSONPATH)
_SECONDS = Field(values.evaluable(values.integer(1)))
_PAYLOAD = Field(templates.payload, language=JSONPATH)
_ASSIGN = {"Assign": Field(templates.assign)}
_RESULT = {
    "ResultSelector": _PAYLOAD,
    "ResultPath": Field(values.nullable(expressions.result_path), language=JSONPATH),
}
_INPUT_OUTPUT = {
    "InputPath": Field(values.nullable(expressions.path), language=JSONPATH),
    "OutputPath": Field(values.nullable(expressions.path), language=JSONPATH),
    "Output": Field(templates.value, language=JSONATA),
}
_CALL = {"Parameters": _PAYLOAD, "Arguments": Field(templates.value, language=JSONATA)}
_HANDLERS = {"Retry": Field(handlers.retry), "Catch": Field(handlers.catch)}
_TRANSITION = {"Next": Field(values.string), "End": Field(values.boolean)}
_COMMON = {
    "Type": Field(values.anything),
    "Comment": Field(values.string),
    "QueryLanguage": Field(values.one_of(JSONPATH, JSONATA)),
}

_CREDENTIALS = Record(
    {"RoleArn": Field(values.text), "RoleArn.$": Field(expressions.path_or_call, language=JSONPATH)},
)


def credentials(site: Site) -> None:
    """The role that a Task acts in."""
    if not isinstance(site.value, Mapping) or not {"RoleArn", "RoleArn.$"} & set(site.value):
        site.error("The field 'RoleArn' is required but was missing")
    else:
        _CREDENTIALS(site)


PASS = Record(
    _COMMON
    | _INPUT_OUTPUT
    | _TRANSITION
    | _ASSIGN
    | {
        "Parameters": _PAYLOAD,
        "Result": Field(templates.static_result, language=JSONPATH),
        "ResultPath": _RESULT["ResultPath"],
    }
)

TASK = Record(
    _COMMON
    | _INPUT_OUTPUT
    | _TRANSITION
    | _ASSIGN
    | _RESULT
    | _CALL
    | _HANDLERS
    | {
        "Resource": Field(resources.resource, required=True),
        "TimeoutSeconds": _SECONDS,
        "TimeoutSecondsPath": _PLACE,
        "HeartbeatSeconds": _SECONDS,
        "HeartbeatSecondsPath": _PLACE,
        "Credentials": Field(credentials),
    },
    (Choose(("TimeoutSeconds", "TimeoutSecondsPath")), Choose(("HeartbeatSeconds", "HeartbeatSecondsPath"))),
)

FOREIGN_TASK = Record(
    {
        **TASK.fields,
        "Credentials": _CALL["Parameters"],
        "ResultPath": Field(values.nullable(expressions.path)),
    },
    TASK.choices,
)
"""A Task for another runner, which may have credentials of its own kind, also in the context object."""

CHOICE = Record(
    _COMMON
    | _INPUT_OUTPUT
    | _ASSIGN
    | {
        "Choices": Field(values.non_empty(choice.rule, "Choice Rules"), required=True),
        "Default": Field(values.string),
    }
)

WAIT = Record(
    _COMMON
    | _INPUT_OUTPUT
    | _TRANSITION
    | _ASSIGN
    | {
        "Seconds": Field(values.evaluable(values.integer(0))),
        "SecondsPath": _PLACE,
        "Timestamp": Field(values.evaluable(values.timestamp)),
        "TimestampPath": _PLACE,
    },
    (Choose(("Seconds", "SecondsPath", "Timestamp", "TimestampPath"), required=True),),
)

SUCCEED = Record(_COMMON | _INPUT_OUTPUT)

FAIL = Record(
    _COMMON
    | {
        "Error": Field(templates.message),
        "Cause": Field(templates.message),
        "ErrorPath": Field(expressions.text_path, language=JSONPATH),
        "CausePath": Field(expressions.text_path, language=JSONPATH),
    },
    (Choose(("Error", "ErrorPath")), Choose(("Cause", "CausePath"))),
)

PARALLEL = Record(
    _COMMON
    | _INPUT_OUTPUT
    | _TRANSITION
    | _ASSIGN
    | _RESULT
    | _CALL
    | _HANDLERS
    | {"Branches": Field(values.non_empty(values.mapping, "state machines"), required=True)}
)

MAP = Record(
    _COMMON
    | _INPUT_OUTPUT
    | _TRANSITION
    | _ASSIGN
    | _RESULT
    | _HANDLERS
    | {
        "ItemProcessor": Field(values.mapping),
        "Iterator": Field(values.mapping),
        "Parameters": _PAYLOAD,
        "ItemSelector": Field(templates.selector),
        "ItemsPath": Field(expressions.reference_path, language=JSONPATH),
        "Items": Field(maps.items, language=JSONATA),
        "ItemReader": Field(maps.ITEM_READER),
        "ItemBatcher": Field(maps.item_batcher),
        "ResultWriter": Field(maps.result_writer),
        "MaxConcurrency": Field(values.evaluable(values.integer(0))),
        "MaxConcurrencyPath": _PLACE,
        "ToleratedFailureCount": Field(values.evaluable(values.integer(0))),
        "ToleratedFailureCountPath": _PLACE,
        "ToleratedFailurePercentage": Field(values.evaluable(values.number(0, 100))),
        "ToleratedFailurePercentagePath": _PLACE,
        "Label": Field(maps.label),
    },
    (
        Choose(("ItemProcessor", "Iterator"), required=True),
        Choose(("Parameters", "ItemSelector")),
        Choose(("MaxConcurrency", "MaxConcurrencyPath")),
        Choose(("ToleratedFailureCount", "ToleratedFailureCountPath")),
        Choose(("ToleratedFailurePercentage", "ToleratedFailurePercentagePath")),
    ),
)

STATES: dict[str, Record] = {
    "Task": TASK,
    "Wait": WAIT,
    "Pass": PASS,
    "Succeed": SUCCEED,
    "Fail": FAIL,
    "Choice": CHOICE,
    "Parallel": PARALLEL,
    "Map": MAP,
}

_STATES = Field(values.mapping, required=True)
_BRANCH = {"StartAt": Field(values.string, required=True), "States": _STATES, "Comment": Field(values.string)}

MACHINES: dict[str, Record] = {
    "machine": Record(
        _BRANCH
        | {
            "Version": Field(values.one_of("1.0")),
            "TimeoutSeconds": Field(values.integer(1)),
            "QueryLanguage": Field(values.one_of(JSONPATH, JSONATA)),
        }
    ),
    "branch": Record(_BRANCH),
    "processor": Record(_BRANCH | {"ProcessorConfig": Field(maps.processor_config)}),
}
"""Fields of the whole definition, of a Parallel's branch and of a Map's item processor."""
