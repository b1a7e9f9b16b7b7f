"""State machines, versions, aliases, tags and activities, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local.api.serving import ROLE, Server

PASS = {"A": {"Type": "Pass", "End": True}}
ARN = "arn:aws:states:us-east-1:123456789012"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_create_is_idempotent_by_name_and_settings(server: Server) -> None:
    arn = server.machine(PASS)
    assert arn == f"{ARN}:stateMachine:machine"
    assert server.machine(PASS) == arn
    with pytest.raises(ClientError) as error:
        server.machine({"B": {"Type": "Succeed"}})
    assert code(error) == "StateMachineAlreadyExists"


def test_describe_update_list_delete(server: Server) -> None:
    arn = server.machine(PASS, tags=[{"key": "team", "value": "data"}])
    told = server.states.describe_state_machine(stateMachineArn=arn)
    assert (told["status"], told["type"], told["roleArn"]) == ("ACTIVE", "STANDARD", ROLE)
    assert json.loads(told["definition"])["States"] == PASS
    changed = json.dumps({"StartAt": "Z", "States": {"Z": {"Type": "Succeed"}}})
    revision = server.states.update_state_machine(stateMachineArn=arn, definition=changed)["revisionId"]
    told = server.states.describe_state_machine(stateMachineArn=arn)
    assert (told["definition"], told["revisionId"]) == (changed, revision)
    for number in range(3):
        server.machine(PASS, f"other-{number}")
    first = server.states.list_state_machines(maxResults=3)
    rest = server.states.list_state_machines(maxResults=3, nextToken=first["nextToken"])
    assert (len(first["stateMachines"]), len(rest["stateMachines"])) == (3, 1)
    server.states.delete_state_machine(stateMachineArn=arn)
    server.states.delete_state_machine(stateMachineArn=arn)
    with pytest.raises(ClientError) as error:
        server.states.describe_state_machine(stateMachineArn=arn)
    assert code(error) == "StateMachineDoesNotExist"


def test_definitions_are_checked(server: Server) -> None:
    bad = json.dumps({"StartAt": "Nowhere", "States": PASS})
    found = server.states.validate_state_machine_definition(definition=bad)
    assert found["result"] == "FAIL"
    assert found["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"
    for definition in (bad, "{"):
        with pytest.raises(ClientError) as error:
            server.states.create_state_machine(name="x", definition=definition, roleArn=ROLE)
        assert code(error) == "InvalidDefinition"


@pytest.mark.parametrize(
    "operation, arguments, expected",
    [
        ("describe_state_machine", {"stateMachineArn": "nonsense"}, "InvalidArn"),
        ("describe_state_machine", {"stateMachineArn": f"{ARN}:activity:a"}, "InvalidArn"),
        ("start_execution", {"stateMachineArn": f"{ARN}:stateMachine:none"}, "StateMachineDoesNotExist"),
        ("describe_execution", {"executionArn": f"{ARN}:execution:m:none"}, "ExecutionDoesNotExist"),
        ("describe_activity", {"activityArn": f"{ARN}:activity:none"}, "ActivityDoesNotExist"),
        ("describe_map_run", {"mapRunArn": f"{ARN}:mapRun:m/x:y"}, "ResourceNotFound"),
        ("update_map_run", {"mapRunArn": f"{ARN}:mapRun:m/x:y", "maxConcurrency": 1}, "ResourceNotFound"),
        ("update_map_run", {"mapRunArn": f"{ARN}:execution:m:e", "maxConcurrency": 1}, "InvalidArn"),
        ("create_activity", {"name": "with space"}, "InvalidName"),
        ("send_task_success", {"taskToken": "x", "output": "{}"}, "InvalidToken"),
        ("send_task_failure", {"taskToken": "0" * 64}, "TaskTimedOut"),
        ("send_task_success", {"taskToken": "0" * 64, "output": "{"}, "InvalidOutput"),
        ("tag_resource", {"resourceArn": f"{ARN}:activity:none", "tags": []}, "ResourceNotFound"),
        ("list_state_machines", {"nextToken": "???"}, "InvalidToken"),
    ],
)
def test_errors_have_their_codes(
    server: Server, operation: str, arguments: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(server.states, operation)(**arguments)
    assert code(error) == expected


def test_versions_and_aliases(server: Server) -> None:
    arn = server.machine(PASS, publish=True, versionDescription="first")
    again = server.states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    assert again == f"{arn}:1"
    changed = json.dumps({"StartAt": "Z", "States": {"Z": {"Type": "Pass", "Result": 2, "End": True}}})
    second = server.states.update_state_machine(stateMachineArn=arn, definition=changed, publish=True)
    assert second["stateMachineVersionArn"] == f"{arn}:2"
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = server.states.create_state_machine_alias(name="live", routingConfiguration=routes)
    live = alias["stateMachineAliasArn"]
    told = server.ended(server.start(live, {"n": 1}))
    assert (told["stateMachineVersionArn"], told["stateMachineAliasArn"]) == (f"{arn}:1", live)
    assert told["output"] == '{"n":1}'
    with pytest.raises(ClientError) as error:
        server.states.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert code(error) == "ConflictException"
    routes = [{"stateMachineVersionArn": f"{arn}:2", "weight": 100}]
    server.states.update_state_machine_alias(stateMachineAliasArn=live, routingConfiguration=routes)
    assert server.ended(server.start(live))["output"] == "2"
    assert len(server.states.list_executions(stateMachineArn=f"{arn}:1")["executions"]) == 1
    assert len(server.states.list_executions(stateMachineArn=live)["executions"]) == 2
    server.states.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    versions = server.states.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in versions] == [f"{arn}:2"]
    aliases = server.states.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
    assert [one["stateMachineAliasArn"] for one in aliases] == [live]
    server.states.delete_state_machine_alias(stateMachineAliasArn=live)


def test_tags(server: Server) -> None:
    arn = server.states.create_activity(name="act", tags=[{"key": "a", "value": "1"}])["activityArn"]
    server.states.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    server.states.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert server.states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_accounts_and_regions_are_apart(server: Server) -> None:
    server.machine(PASS)
    other = server.client("stepfunctions", account="999999999999", region="eu-west-1")
    assert other.list_state_machines()["stateMachines"] == []
    made = other.create_activity(name="a")["activityArn"]
    assert made == "arn:aws:states:eu-west-1:999999999999:activity:a"
