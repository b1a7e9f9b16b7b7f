"""The tool `execution_run`, and its command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bunsui.cli.main import main
from bunsui.errors import BunsuiError, ConfigError, DefinitionInvalid, NotFound, PermissionDenied, UsageError
from bunsui.tools.context import Progress
from bunsui.tools.execution.run import Moved
from bunsui.tools.invoke import invoke
from tests.unit.tools.helpers import MODEL, counting

DEFINITION: dict[str, Any] = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "charge", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 30}],
            "Next": "Rest",
        },
        "Rest": {"Type": "Wait", "Seconds": 31_536_000, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "End": True,
        },
    },
}
MOCKS = "charge:\n- Throw: {Error: Busy, Cause: later}\n- Return: {items: [1, 2]}\n"


@pytest.fixture
def files(tmp_path: Path, data_dir: Path) -> Path:
    (tmp_path / "order.asl.json").write_text(json.dumps(DEFINITION), encoding="utf-8")
    (tmp_path / "mocks.yaml").write_text(MOCKS, encoding="utf-8")
    return tmp_path


async def run(files: Path, **arguments: Any) -> dict[str, Any]:
    given = {"file": str(files / "order.asl.json"), "mocks": str(files / "mocks.yaml")} | arguments
    return (await invoke(await counting(), "execution_run", given, MODEL)).document()


async def test_what_has_no_mock_is_told_with_how_to_give_it_one(files: Path) -> None:
    without = await run(files, mocks=None)
    assert without["cause"].endswith(
        "(state Charge): no file of mocks was given. "
        "Write one, for instance `charge: {Return: {}}`, and name it with --mocks FILE."
    )
    (files / "mocks.yaml").write_text("other: {Return: {}}\n", encoding="utf-8")
    assert (await run(files))["cause"].endswith(
        f"{files / 'mocks.yaml'} has none. Add one, for instance `charge: {{Return: {{}}}}`."
    )


@pytest.mark.parametrize(
    ("content", "said", "step"),
    [
        ("charge: {Ret: 1}", "charge needs either Return or Throw with an Error", "charge: {Return: {}}"),
        ("charge: hunter2", "charge needs a reply, not text", "charge: {Return: {}}"),
        ("- hunter2", "the file must be a mapping, not a list", "load: {Return: {rows: 3}}"),
        ("a: [\nhunter2: ]}", "mocks.yaml:2:11: this is no YAML", "correct the places named"),
        (None, "cannot be read: No such file or directory", "check the path"),
    ],
)
async def test_a_wrong_file_of_mocks_is_told_with_what_belongs_there(
    files: Path, content: str | None, said: str, step: str
) -> None:
    mocks = files / "mocks.yaml"
    mocks.unlink() if content is None else mocks.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        await run(files)
    assert said in caught.value.message
    assert step in caught.value.next_steps[0]
    assert "hunter2" not in caught.value.message


async def test_the_path_the_output_and_the_virtual_time(files: Path) -> None:
    document = await run(files)
    assert (document["status"], document["output"]) == ("SUCCEEDED", [1, 2])
    assert (document["seconds"], document["calls"]) == (31_536_030, 2)
    states = [(one["name"], one["depth"], one["status"], one["tries"]) for one in document["states"]]
    assert states[:4] == [
        ("Charge", 0, "succeeded", 2),
        ("Rest", 0, "succeeded", 0),
        ("Each", 0, "succeeded", 0),
        ("[0]", 1, "succeeded", 0),
    ]
    cut = await run(files, limit=2)
    assert (len(cut["states"]), cut["complete"]) == (2, False)


async def test_a_task_without_a_mock_fails_and_says_so(files: Path) -> None:
    document = await run(files, mocks=None)
    assert (document["status"], document["error"]) == ("FAILED", "States.TaskFailed")
    assert "no mock" in document["cause"]


async def test_every_state_is_told_as_it_happens(files: Path) -> None:
    told: list[str] = []

    async def emit(progress: Progress) -> None:
        assert isinstance(progress, Moved)
        told.append(progress.message)

    given = {"file": str(files / "order.asl.json"), "mocks": str(files / "mocks.yaml")}
    await invoke(await counting(), "execution_run", given, MODEL, emit=emit)
    assert told[:4] == ["Charge entered", "Charge succeeded", "Rest entered", "Rest succeeded"]
    assert told[-1] == "Each succeeded"


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"file": "absent.json"}, NotFound),
        ({"input": "{"}, UsageError),
        ({"input": "@absent.json"}, PermissionDenied),
        ({"mocks": "absent.yaml"}, ConfigError),
        ({"mocks": None, "case": "x"}, UsageError),
    ],
)
async def test_wrong_arguments(files: Path, arguments: dict[str, Any], error: type[BunsuiError]) -> None:
    with pytest.raises(error):
        await run(files, **arguments)


@pytest.mark.parametrize(
    ("input", "message"),
    [
        ('{"n": 12345678901234567890}', "input: the number 12345678901234567890 needs more than 64 bits"),
        ('{"n": 1, "n": 2}', "input: the key 'n' stands there twice"),
        ('{"n": 1e999}', "input: no JSON"),
        ('{"n": 010}', "input: no JSON"),
    ],
)
async def test_an_input_that_would_become_another_is_refused(files: Path, input: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        await run(files, input=input)


async def test_invalid_definitions_and_executions_without_end(files: Path) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}
    (files / "bad.json").write_text(json.dumps(definition), encoding="utf-8")
    with pytest.raises(DefinitionInvalid):
        await run(files, file=str(files / "bad.json"))
    rules = [{"Variable": "$.x", "IsPresent": True, "Next": "C"}]
    loop = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Choice", "Choices": rules, "Default": "A"},
            "C": {"Type": "Succeed"},
        },
    }
    (files / "loop.json").write_text(json.dumps(loop), encoding="utf-8")
    document = await run(files, file=str(files / "loop.json"), type="EXPRESS")
    assert "maximum number of history events" in document["cause"]


def test_the_command_prints_the_tree_and_fails_with_the_execution(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["execution", "run", str(files / "order.asl.json")]
    assert main([*words, "--mocks", str(files / "mocks.yaml"), "--input", '{"order": 1}']) == 0
    assert capsys.readouterr().out.splitlines()[:5] == [
        "✔ Charge  (2 tries, Busy: later)",
        "✔ Rest  (+30s)",
        "✔ Each  (+365d 30s)",
        "  ✔ [0]  (+365d 30s)",
        "    ✔ One  (+365d 30s)",
    ]
    assert main([*words, "--input", "@absent.json"]) == 2
    capsys.readouterr()
    assert main([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "FAILED"
    assert main([*words, "--step"]) == 2
    assert "needs a terminal" in capsys.readouterr().err
