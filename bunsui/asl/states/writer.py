"""ResultWriter: what becomes of the results of a distributed Map.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bunsui.asl.clock import iso
from bunsui.asl.payload import dump
from bunsui.asl.states.reader import object_of, template
from bunsui.asl.strand import Strand
from bunsui.asl.template import Build

Spec = Mapping[str, Any]
OUTCOMES = ("FAILED", "PENDING", "SUCCEEDED")


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """How a child execution ended; ``input`` and ``output`` are JSON text, times in epoch seconds."""

    execution_arn: str
    name: str
    machine_arn: str
    status: str
    input: str
    output: str | None
    error: str | None
    cause: str | None
    started_at: float
    ended_at: float | None
    redrives: int = 0

    def to_aws(self) -> dict[str, Any]:
        """The entry of a result file without transformation."""
        failed = self.status != "SUCCEEDED"
        entry = {
            "Cause": self.cause,
            "Error": self.error,
            "ExecutionArn": self.execution_arn,
            "Input": self.input,
            "InputDetails": {"Included": True},
            "Name": self.name,
            "Output": self.output,
            "OutputDetails": {"Included": True} if self.output is not None else None,
            "RedriveCount": self.redrives,
            "RedriveStatus": "REDRIVABLE_BY_MAP_RUN" if failed else "NOT_REDRIVABLE",
            "StartDate": iso(self.started_at),
            "StateMachineArn": self.machine_arn,
            "Status": self.status,
            "StopDate": None if self.ended_at is None else iso(self.ended_at),
        }
        return {key: value for key, value in entry.items() if value is not None}


class Writer:
    """A compiled ResultWriter. Without ``resource`` it only transforms the state's result."""

    __slots__ = ("_parameters", "lines", "resource", "transformation")

    def __init__(self, spec: Spec, language: str) -> None:
        config = spec.get("WriterConfig", {})
        self.resource: str | None = spec.get("Resource")
        default = "NONE" if self.resource else "COMPACT"
        self.transformation: str = config.get("Transformation", default)
        self.lines = config.get("OutputType", "JSON") == "JSONL"
        parameters = spec.get("Arguments" if language == "JSONata" else "Parameters", {})
        self._parameters: Build = template(parameters, "ResultWriter/Arguments", language)

    def destination(self, strand: Strand, document: Any) -> tuple[str, str]:
        """Bucket and key prefix (without a slash at its end)."""
        parameters = object_of(strand, self._parameters(strand, document), "ResultWriter")
        return str(parameters.get("Bucket", "")), str(parameters.get("Prefix", "")).strip("/")

    def transform(self, records: list[ChildRecord]) -> list[Any]:
        """The entries of successful children."""
        if self.transformation == "NONE":
            return [record.to_aws() for record in records]
        outputs = [orjson.loads(record.output or "null") for record in records]
        if self.transformation != "FLATTEN":
            return outputs
        return [one for output in outputs for one in (output if isinstance(output, list) else [output])]

    def files(
        self, bucket: str, prefix: str, map_run_arn: str, groups: Mapping[str, list[ChildRecord]]
    ) -> tuple[dict[str, str], str]:
        """All files by key, and the key of the manifest."""
        folder = "/".join(part for part in (prefix, map_run_arn.rpartition(":")[2]) if part)
        suffix = "jsonl" if self.lines else "json"
        listed: dict[str, list[dict[str, Any]]] = {outcome: [] for outcome in OUTCOMES}
        files: dict[str, str] = {}
        for outcome in OUTCOMES:
            if not groups.get(outcome):
                continue
            key = f"{folder}/{outcome}_0.{suffix}"
            files[key] = self._text(outcome, groups[outcome])
            listed[outcome] = [{"Key": key, "Size": len(files[key].encode())}]
        manifest = {"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": listed}
        manifest_key = f"{folder}/manifest.json"
        files[manifest_key] = dump(manifest).decode()
        return files, manifest_key

    def _text(self, outcome: str, records: list[ChildRecord]) -> str:
        plain = outcome != "SUCCEEDED"
        entries = [record.to_aws() for record in records] if plain else self.transform(records)
        if self.lines:
            return "".join(dump(entry).decode() + "\n" for entry in entries)
        return dump(entries).decode()
