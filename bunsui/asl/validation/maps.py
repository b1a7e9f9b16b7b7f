"""What only Map states have: item readers, batches, result writers, tolerated failures, labels.

Source: "Map workflow state" and the pages on ItemReader, ItemBatcher and ResultWriter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bunsui.asl.validation import expressions, templates, values
from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site
from bunsui.asl.validation.model import EXPRESS, JSONATA, JSONPATH, State
from bunsui.asl.validation.records import Choose, Field, Record

MAX_LABEL = 40
_LABEL_CHARACTER = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_READER_RESOURCE = re.compile(r"arn:[a-z0-9-]+:states:[^:\s]*:[^:\s]*:s3:(?:getObject|listObjectsV2)")
_WRITER_RESOURCE = re.compile(r"arn:[a-z0-9-]+:states:[^:\s]*:[^:\s]*:s3:putObject")
_ONLY_DISTRIBUTED = (
    "ItemReader ItemBatcher ResultWriter Label ToleratedFailureCount ToleratedFailureCountPath "
    "ToleratedFailurePercentage ToleratedFailurePercentagePath"
).split()
_JSONATA_VALUE = Field(templates.value, language=JSONATA)
_JSONPATH_VALUE = Field(templates.payload, language=JSONPATH)


def label(site: Site) -> None:
    """The name of a Map Run: part of ARNs, hence the few characters it may have."""
    if not isinstance(site.value, str):
        site.error("Expected a string")
    elif not site.value:
        site.error("Label cannot be empty")
    elif len(site.value) > MAX_LABEL:
        site.error(f"Label cannot exceed {MAX_LABEL} characters")
    elif wrong := _LABEL_CHARACTER.search(site.value):
        site.error(f"Label contains invalid character: {wrong.group()!r}")


def _matching(pattern: re.Pattern[str]) -> values.Check:
    def check(site: Site) -> None:
        if not isinstance(site.value, str) or pattern.fullmatch(site.value) is None:
            site.error("Value is not a valid resource ARN")

    return check


def items(site: Site) -> None:
    """Items of a JSONata Map: a list, an object, or an expression for one."""
    if not isinstance(site.value, (list, Mapping)) and not expressions.is_expression(site.value):
        return site.error("Expected a list, an object or a JSONata expression in '{% %}'")
    return templates.value(site)


_READER_CONFIG_FIELDS = Record(
    {
        "InputType": Field(values.one_of("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")),
        "ManifestType": Field(values.one_of("S3_INVENTORY", "ATHENA_DATA")),
        "CSVHeaderLocation": Field(values.one_of("FIRST_ROW", "GIVEN")),
        "CSVHeaders": Field(values.non_empty(values.string, "column names")),
        "CSVDelimiter": Field(values.one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
        "MaxItems": Field(values.evaluable(values.integer(0, 100_000_000))),
        "MaxItemsPath": Field(expressions.path, language=JSONPATH),
        "Transformation": Field(values.one_of("NONE", "LOAD_AND_FLATTEN")),
        "ItemsPointer": Field(values.string),
    },
    (Choose(("MaxItems", "MaxItemsPath")),),
)


def _reader_config(site: Site) -> None:
    _READER_CONFIG_FIELDS(site)
    if values.member(site.value, "InputType") == "CSV" and "CSVHeaderLocation" not in site.value:
        site.error("These fields are required: [CSVHeaderLocation]")
    if values.member(site.value, "CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in site.value:
        site.error("These fields are required: [CSVHeaders]")


ITEM_READER = Record(
    {
        "Resource": Field(_matching(_READER_RESOURCE), required=True),
        "Parameters": _JSONPATH_VALUE,
        "Arguments": _JSONATA_VALUE,
        "ReaderConfig": Field(_reader_config),
    }
)

ITEM_BATCHER = Record(
    {
        "MaxItemsPerBatch": Field(values.evaluable(values.integer(1))),
        "MaxItemsPerBatchPath": Field(expressions.path, language=JSONPATH),
        "MaxInputBytesPerBatch": Field(values.evaluable(values.integer(1, 262_144))),
        "MaxInputBytesPerBatchPath": Field(expressions.path, language=JSONPATH),
        "BatchInput": Field(templates.selector),
    },
    (
        Choose(("MaxItemsPerBatch", "MaxItemsPerBatchPath")),
        Choose(("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")),
    ),
)


def item_batcher(site: Site) -> None:
    """A batch has at least one limit."""
    ITEM_BATCHER(site)
    if isinstance(site.value, Mapping) and not any(str(key).startswith("Max") for key in site.value):
        site.error("One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]")


_WRITER_CONFIG = Record(
    {
        "Transformation": Field(values.one_of("NONE", "COMPACT", "FLATTEN"), required=True),
        "OutputType": Field(values.one_of("JSON", "JSONL"), required=True),
    }
)

RESULT_WRITER = Record(
    {
        "Resource": Field(_matching(_WRITER_RESOURCE)),
        "Parameters": _JSONPATH_VALUE,
        "Arguments": _JSONATA_VALUE,
        "WriterConfig": Field(_WRITER_CONFIG),
    }
)


def result_writer(site: Site) -> None:
    """Results are written to S3, or shaped by a WriterConfig, or both."""
    RESULT_WRITER(site)
    if isinstance(site.value, Mapping) and not {"Resource", "WriterConfig"} & set(site.value):
        site.error("One of these fields is required: [Resource, WriterConfig]")


PROCESSOR_CONFIG_FIELDS = Record(
    {
        "Mode": Field(values.one_of("INLINE", "DISTRIBUTED")),
        "ExecutionType": Field(values.one_of("STANDARD", "EXPRESS")),
    }
)


def processor_config(site: Site) -> None:
    """Where the items run. Children of a distributed Map need a type."""
    PROCESSOR_CONFIG_FIELDS(site)
    if values.member(site.value, "Mode") == "DISTRIBUTED" and "ExecutionType" not in site.value:
        site.error("These fields are required: [ExecutionType]")


def mode(site: Site, state: State) -> None:
    """What the mode of a Map rules out; ``site`` is the state."""
    if state.distributed:
        if state.machine.type == EXPRESS:
            site.error("Express state machine does not support a Map state in DISTRIBUTED mode")
        return
    for name in _ONLY_DISTRIBUTED:
        if name in state.value:
            site.warn(
                f"{name} has an effect in DISTRIBUTED mode only", Code.NOT_DISTRIBUTED, key=name, at_key=True
            )
