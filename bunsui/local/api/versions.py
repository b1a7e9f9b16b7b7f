"""Versions and aliases of state machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bunsui.local.api.arns import checked_name, parse
from bunsui.local.api.call import Call, Operation
from bunsui.local.api.errors import ApiError, invalid, not_found
from bunsui.local.api.host import Host
from bunsui.local.api.machines import Machines, publish
from bunsui.local.api.tables import Resource, Resources


class Versions:
    """Operations on versions and aliases."""

    def __init__(self, host: Host, resources: Resources, machines: Machines) -> None:
        self._host = host
        self._resources = resources
        self._machines = machines

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "PublishStateMachineVersion": self.publish,
            "ListStateMachineVersions": self.list_versions,
            "DeleteStateMachineVersion": self.delete_version,
            "CreateStateMachineAlias": self.create_alias,
            "UpdateStateMachineAlias": self.update_alias,
            "DescribeStateMachineAlias": self.describe_alias,
            "ListStateMachineAliases": self.list_aliases,
            "DeleteStateMachineAlias": self.delete_alias,
        }

    async def publish(self, call: Call) -> dict[str, Any]:
        """Publish the current revision; without a change since the last version this gives the last one."""
        machine = self._machines.machine(parse(call.text("stateMachineArn"), "stateMachine"))
        revision = call.optional("revisionId")
        if revision is not None and revision != machine.body["revisionId"]:
            raise ApiError(
                "ConflictException", "Failed to publish the State Machine version: revisionId does not match"
            )
        last = self._resources.find(f"{machine.arn}:{machine.body['last']}", "version")
        if last is not None and last.body["revisionId"] == machine.body["revisionId"]:
            return {"creationDate": last.created_at, "stateMachineVersionArn": last.arn}
        version, changed = publish(machine, self._host.now(), call)
        self._resources.put(version, changed)
        return {"creationDate": version.created_at, "stateMachineVersionArn": version.arn}

    async def list_versions(self, call: Call) -> dict[str, Any]:
        machine = self._machines.machine(parse(call.text("stateMachineArn"), "stateMachine"))
        found = sorted(self._resources.of_kind("version", machine.arn), key=_number, reverse=True)
        page, more = call.page(found)
        rows = [{"stateMachineVersionArn": one.arn, "creationDate": one.created_at} for one in page]
        return {"stateMachineVersions": rows, **more}

    async def delete_version(self, call: Call) -> dict[str, Any]:
        arn = call.text("stateMachineVersionArn")
        machine = self._machines.machine(parse(arn, "stateMachine"))
        users = [one.arn for one in self._resources.of_kind("alias", machine.arn) if arn in _versions(one)]
        if users:
            raise ApiError(
                "ConflictException",
                f"Version to be deleted must not be referenced by an alias. Current list of aliases: {users}",
            )
        self._resources.remove(arn)
        return {}

    async def create_alias(self, call: Call) -> dict[str, Any]:
        name = checked_name(call.text("name"))
        routes = self._routes(call)
        machine = self._machines.machine(parse(routes[0]["stateMachineVersionArn"], "stateMachine"))
        now = self._host.now()
        body = {
            "name": name,
            "description": call.optional("description"),
            "routingConfiguration": routes,
            "updateDate": now,
        }
        alias = Resource(f"{machine.arn}:{name}", "alias", machine.arn, now, body)
        known = self._resources.find(alias.arn, "alias")
        if known is None:
            self._resources.put(alias)
        elif known.body["routingConfiguration"] != routes:
            raise ApiError("ConflictException", f"Alias already exists: '{alias.arn}'")
        return {"stateMachineAliasArn": alias.arn, "creationDate": (known or alias).created_at}

    async def update_alias(self, call: Call) -> dict[str, Any]:
        alias, now = self._alias(call), self._host.now()
        body = {**alias.body, "updateDate": now}
        if call.body.get("routingConfiguration") is not None:
            body["routingConfiguration"] = self._routes(call)
        if call.optional("description") is not None:
            body["description"] = call.text("description")
        self._resources.put(replace(alias, body=body))
        return {"updateDate": now}

    async def describe_alias(self, call: Call) -> dict[str, Any]:
        alias = self._alias(call)
        found = {"stateMachineAliasArn": alias.arn, "creationDate": alias.created_at, **alias.body}
        return {name: value for name, value in found.items() if value is not None}

    async def list_aliases(self, call: Call) -> dict[str, Any]:
        arn = parse(call.text("stateMachineArn"), "stateMachine")
        machine = self._machines.machine(arn)
        found = self._resources.of_kind("alias", machine.arn)
        wanted = [one for one in found if len(arn.names) == 1 or arn.text in _versions(one)]
        page, more = call.page(wanted)
        rows = [{"stateMachineAliasArn": one.arn, "creationDate": one.created_at} for one in page]
        return {"stateMachineAliases": rows, **more}

    async def delete_alias(self, call: Call) -> dict[str, Any]:
        self._resources.remove(self._alias(call).arn)
        return {}

    def _alias(self, call: Call) -> Resource:
        arn = call.text("stateMachineAliasArn")
        parse(arn, "stateMachine")
        found = self._resources.find(arn, "alias")
        if found is None:
            raise not_found(arn)
        return found

    def _routes(self, call: Call) -> list[dict[str, Any]]:
        routes = call.body.get("routingConfiguration")
        if not isinstance(routes, list) or not 1 <= len(routes) <= 2:
            raise invalid("routingConfiguration must have one or two versions")
        if sum(int(route.get("weight", 0)) for route in routes) != 100:
            raise invalid("Sum of routing configuration weights must equal 100")
        for route in routes:
            arn = str(route.get("stateMachineVersionArn"))
            parse(arn, "stateMachine")
            if self._resources.find(arn, "version") is None:
                raise not_found(arn)
        return routes


def _number(version: Resource) -> int:
    return int(version.arn.rpartition(":")[2])


def _versions(alias: Resource) -> list[str]:
    return [str(route["stateMachineVersionArn"]) for route in alias.body["routingConfiguration"]]
