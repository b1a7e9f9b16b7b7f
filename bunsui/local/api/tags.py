"""Tags of state machines and activities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bunsui.local.api.arns import parse
from bunsui.local.api.call import Call, Operation
from bunsui.local.api.errors import not_found
from bunsui.local.api.tables import Resource, Resources

_KINDS = {"stateMachine": "machine", "activity": "activity"}


class Tags:
    """Operations on tags."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_all,
        }

    async def tag(self, call: Call) -> dict[str, Any]:
        resource = self._resource(call)
        given = {str(tag["key"]): str(tag.get("value", "")) for tag in call.body.get("tags") or ()}
        self._save(resource, {**resource.body["tags"], **given})
        return {}

    async def untag(self, call: Call) -> dict[str, Any]:
        resource, gone = self._resource(call), set(call.body.get("tagKeys") or ())
        self._save(resource, {key: value for key, value in resource.body["tags"].items() if key not in gone})
        return {}

    async def list_all(self, call: Call) -> dict[str, Any]:
        tags = self._resource(call).body["tags"]
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _save(self, resource: Resource, tags: dict[str, str]) -> None:
        self._resources.put(replace(resource, body={**resource.body, "tags": tags}))

    def _resource(self, call: Call) -> Resource:
        arn = parse(call.text("resourceArn"), *_KINDS)
        found = self._resources.find(arn.text, _KINDS[arn.kind])
        if found is None:
            raise not_found(arn.text)
        return found
