"""State machines: create, update, describe, list, delete, validate."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from bunsui.asl.validation import validate
from bunsui.local.api.arns import Arn, checked_name, parse
from bunsui.local.api.call import Call, Operation, limited
from bunsui.local.api.errors import ApiError, invalid, missing, no_machine
from bunsui.local.api.host import Host
from bunsui.local.api.tables import Resource, Resources

TYPES = ("STANDARD", "EXPRESS")
MAX_DEFINITION = 1_048_576
_CHANGING = (
    "definition",
    "roleArn",
    "loggingConfiguration",
    "tracingConfiguration",
    "encryptionConfiguration",
)
_LOGGING = {"level": "OFF", "includeExecutionData": False}
_TRACING = {"enabled": False}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The machine that an ARN means: `body` is that of the machine or of one of its versions."""

    machine: Resource
    body: Mapping[str, Any]
    version_arn: str | None = None
    alias_arn: str | None = None
    case: str | None = None


class Machines:
    """Operations on state machines."""

    def __init__(self, host: Host, resources: Resources) -> None:
        self._host = host
        self._resources = resources

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "CreateStateMachine": self.create,
            "UpdateStateMachine": self.update,
            "DescribeStateMachine": self.describe,
            "ListStateMachines": self.list_all,
            "DeleteStateMachine": self.delete,
            "ValidateStateMachineDefinition": self.validate,
        }

    async def create(self, call: Call) -> dict[str, Any]:
        name = checked_name(call.text("name"))
        kind = call.one_of("type", TYPES, "STANDARD")
        body = {"name": name, "type": kind, **_settings(call), "revisionId": None}
        _checked_definition(call.text("definition"), str(kind))
        call.text("roleArn")
        arn = call.place.arn("stateMachine", name)
        known = self._resources.find(arn, "machine")
        if known is not None:
            return self._created_again(known, body)
        machine = Resource(arn, "machine", "", self._host.now(), body | {"tags": _tags(call), "last": 0})
        version = publish(machine, self._host.now(), call) if call.body.get("publish") else None
        self._resources.put(*(version or (machine,)))
        return {"creationDate": machine.created_at} | _version(version, "stateMachineArn", arn)

    @staticmethod
    def _created_again(known: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        """Creating the same machine once more is no error, with other settings it is."""
        if all(known.body.get(field) == value for field, value in body.items() if field != "revisionId"):
            return {"creationDate": known.created_at, "stateMachineArn": known.arn}
        raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{known.arn}'")

    async def update(self, call: Call) -> dict[str, Any]:
        machine = self.machine(parse(call.text("stateMachineArn"), "stateMachine"))
        given = {field: call.body[field] for field in _CHANGING if call.body.get(field) is not None}
        if not given and not call.body.get("publish"):
            raise ApiError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, "
                "or the TracingConfiguration must be specified",
            )
        if "definition" in given:
            _checked_definition(call.text("definition"), machine.body["type"])
        now = self._host.now()
        changed = replace(machine, body={**machine.body, **given, "revisionId": str(uuid.uuid4())})
        version = publish(changed, now, call) if call.body.get("publish") else None
        self._resources.put(*(version or (changed,)))
        answer = {"updateDate": now, "revisionId": changed.body["revisionId"]}
        return answer | _version(version, "stateMachineVersionArn", None)

    async def describe(self, call: Call) -> dict[str, Any]:
        chosen = self.choose(call.text("stateMachineArn"))
        return describe(chosen)

    async def list_all(self, call: Call) -> dict[str, Any]:
        found = self._resources.of_kind("machine")
        mine = [one for one in found if one.arn.startswith(call.place.arn("stateMachine", ""))]
        page, more = call.page(sorted(mine, key=lambda one: -one.created_at))
        rows = [
            {
                "stateMachineArn": one.arn,
                "name": one.body["name"],
                "type": one.body["type"],
                "creationDate": one.created_at,
            }
            for one in page
        ]
        return {"stateMachines": rows, **more}

    async def delete(self, call: Call) -> dict[str, Any]:
        """Running executions go on to their end; a second delete is no error."""
        arn = parse(call.text("stateMachineArn"), "stateMachine")
        if len(arn.names) > 1:
            raise invalid("Only a state machine can be deleted; use DeleteStateMachineVersion for a version")
        self._resources.remove(arn.text)
        return {}

    async def validate(self, call: Call) -> dict[str, Any]:
        kind = call.one_of("type", TYPES, "STANDARD")
        level = call.one_of("severity", ("ERROR", "WARNING"), "ERROR")
        found = validate(call.text("definition"), type=str(kind))
        shown = [one for one in found if level == "WARNING" or one.severity == "ERROR"]
        most = call.body.get("maxResults") or 100
        fields = ("severity", "code", "message", "location")
        rows = [{name: one.to_json()[name] for name in fields} for one in shown[:most]]
        return {"result": "OK" if found.ok else "FAIL", "diagnostics": rows, "truncated": len(shown) > most}

    # For other operations

    def machine(self, arn: Arn) -> Resource:
        """The machine that an ARN names. Raises ApiError StateMachineDoesNotExist."""
        found = self._resources.find(arn.place.arn("stateMachine", arn.names[0]), "machine")
        if found is None:
            raise no_machine(arn.text)
        return found

    def choose(self, text: str, dice: float = 0.0) -> Chosen:
        """What an ARN means, be it of a machine, a version, or an alias. `dice` chooses between its versions.

        A name behind `#` is that of a test case of the mocks, as in Step Functions Local.
        """
        text, _, case = text.partition("#")
        arn = parse(text, "stateMachine")
        machine = self.machine(arn)
        if len(arn.names) == 1:
            return Chosen(machine, machine.body, case=case or None)
        version_arn, alias_arn = text, None
        alias = self._resources.find(text, "alias")
        if alias is not None:
            version_arn, alias_arn = _routed(alias, dice), text
        version = self._resources.find(version_arn, "version")
        if version is None:
            raise no_machine(text)
        return Chosen(machine, version.body, version_arn, alias_arn, case or None)


def publish(machine: Resource, now: float, call: Call) -> tuple[Resource, Resource]:
    """The machine with its next version."""
    number = int(machine.body["last"]) + 1
    description = call.optional("versionDescription") or call.optional("description")
    body = {**machine.body, "description": description}
    version = Resource(f"{machine.arn}:{number}", "version", machine.arn, now, body)
    return version, replace(machine, body={**machine.body, "last": number})


def describe(chosen: Chosen) -> dict[str, Any]:
    """What DescribeStateMachine tells."""
    body, machine = chosen.body, chosen.machine
    found = {
        "stateMachineArn": chosen.version_arn or machine.arn,
        "name": body["name"],
        "status": "ACTIVE",
        "definition": body["definition"],
        "roleArn": body["roleArn"],
        "type": body["type"],
        "creationDate": machine.created_at,
        "loggingConfiguration": body.get("loggingConfiguration") or _LOGGING,
        "tracingConfiguration": body.get("tracingConfiguration") or _TRACING,
        "revisionId": body.get("revisionId"),
        "description": body.get("description"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _settings(call: Call) -> dict[str, Any]:
    return {field: call.body.get(field) for field in _CHANGING}


def _tags(call: Call) -> dict[str, str]:
    return {str(tag["key"]): str(tag.get("value", "")) for tag in call.body.get("tags") or ()}


def _version(version: tuple[Resource, Resource] | None, field: str, arn: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {} if arn is None else {field: arn}
    return found if version is None else {**found, "stateMachineVersionArn": version[0].arn}


def _checked_definition(text: str, kind: str) -> None:
    """Raises ApiError InvalidDefinition with the findings, as AWS words them."""
    limited("definition", text, MAX_DEFINITION)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error} at /'"
        raise ApiError("InvalidDefinition", problem) from None
    found = validate(text, type=kind)
    if not found.ok:
        raise ApiError("InvalidDefinition", found.refusal())


def _routed(alias: Resource, dice: float) -> str:
    """The version that an alias leads to; `dice` is between 0 and 1."""
    passed = 0.0
    routes = alias.body["routingConfiguration"]
    for route in routes:
        passed += int(route["weight"]) / 100
        if dice < passed:
            return str(route["stateMachineVersionArn"])
    if not routes:
        raise missing("routingConfiguration")
    return str(routes[-1]["stateMachineVersionArn"])
