"""The command line as a whole: every tool has its command, help imports little, errors have one shape."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bunsui import __version__, errors
from bunsui.cli.app import COMMANDS, NOUNS
from bunsui.cli.carry_out import status_of
from bunsui.cli.main import main
from bunsui.cli.parameters import parameters
from bunsui.core.models.plan import Effect
from bunsui.errors import EXIT_STATUS, BunsuiError
from bunsui.tools.registry import Registry

HELPS = [
    *([entry.noun, entry.verb] for entry in Registry()),
    *(["approval", "decide"], ["config", "show"], ["config", "check"], ["demo"], ["doctor"]),
    *(["execution", "run"], ["local", "serve"], ["mcp", "serve"], ["tool"]),
]


def subclasses(kind: type[BunsuiError]) -> set[type[BunsuiError]]:
    return {kind}.union(*(subclasses(one) for one in kind.__subclasses__()))


def test_every_error_code_has_an_exit_status_and_no_other() -> None:
    assert {kind.code for kind in subclasses(BunsuiError)} == set(EXIT_STATUS)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in subclasses(BunsuiError) if kind.__name__ not in drawn] == []


def test_every_noun_of_the_registry_is_a_command() -> None:
    assert {entry.noun for entry in Registry()} == set(NOUNS)
    assert set(NOUNS) <= set(COMMANDS)


@pytest.mark.parametrize("entry", list(Registry()), ids=lambda entry: str(entry.name))
def test_every_tool_has_a_command_with_help(entry: object, capsys: pytest.CaptureFixture[str]) -> None:
    noun, verb = entry.noun, entry.verb  # type: ignore[attr-defined]
    assert main([noun, verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Usage: bunsui {noun} {verb}" in shown
    assert "--json" in shown


@pytest.mark.parametrize("entry", list(Registry()), ids=lambda entry: str(entry.name))
def test_every_field_of_a_tool_is_on_its_command(entry: object) -> None:
    tool = entry.load()  # type: ignore[attr-defined]
    names = {parameter.name for parameter in parameters(tool)}
    assert set(tool.input.model_fields) <= names
    assert ("yes" in names) == (tool.effect in {Effect.WRITE, Effect.SPEND})
    assert ("dry_run" in names) == (tool.effect in {Effect.SPEND, Effect.DESTROY})


PROGRAMS_WORDS = re.compile(r"\b(?:list\[str\]|plan_id|dry_run|job_run)\b|<\w+>|\{\w+\}")


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_help_speaks_of_commands_and_options(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Names of tools, of fields and of types of Python are words of programs."""
    assert main([*words, "--help"]) == 0
    shown = capsys.readouterr().out
    assert PROGRAMS_WORDS.findall(shown) == []
    if words != ["tool"]:
        assert [entry.name for entry in Registry() if entry.name in shown] == []


def test_help_tells_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["session", "wait", "--help"]) == 0
    assert "--timeout SECONDS    Seconds to wait at most. [default: 30]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (
            ["session", "rerun", "S", "--strategy", "most"],
            "usage: option --strategy is none of the allowed values (got 'most'), allowed: failed, from",
            "hint: bunsui session rerun --help",
        ),
        (
            ["session", "start", "P", "--max-runs", "0"],
            "usage: option --max-runs should be greater than or equal to 1 (got '0')",
            "hint: bunsui session start --help",
        ),
        (
            ["ops", "maintenance", "perhaps"],
            "usage: on|off is none of the allowed values (got 'perhaps'), allowed: on, off",
            "hint: bunsui ops maintenance --help",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_option(
    words: list[str], said: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--data-dir", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(said)
    assert lines[1:] == [hint]


def test_version_imports_nothing_heavy() -> None:
    code = "import sys; from bunsui.cli.main import main; main(['--version']); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.startswith(f"bunsui {__version__}\n")
    assert not {"typer", "pydantic", "rich", "asyncio"} & set(shown.split())


@pytest.mark.parametrize("words", [["--help"], ["session", "--help"], ["tool", "--list"]])
def test_help_and_lists_import_no_tool_and_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; from bunsui.cli.main import main; main({words!r}); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(shown.splitlines()[-1].split())
    assert not {"textual", "mcp", "anthropic", "boto3", "sqlite3", "bunsui.tools.session.start"} & loaded


@pytest.mark.parametrize(
    "words, status, says",
    [
        (["sesion"], 2, "usage: No such command 'sesion'"),
        (["session", "show"], 2, "usage: Missing argument"),
        (["session", "list", "--limt", "3"], 2, "No such option"),
        (["--profile"], 2, "usage: option --profile needs a value"),
        (["tool", "sesion_list"], 2, "session_list"),
        (["tool", "session_list", "--input", "{"], 2, "is not JSON"),
        (["tool", "session_list", "--input", "@/nowhere/x.json"], 2, "/nowhere/x.json"),
        (["tool", "session_list", "--input", "[]"], 2, "must be a JSON object"),
        (["config", "show", "-o", "xml"], 2, "must be one of table, json, jsonl, yaml"),
    ],
)
def test_wrong_use_has_status_2_and_says_what(
    words: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    shown = capsys.readouterr()
    assert says in shown.err
    assert shown.out == ""


def test_settings_are_shown_with_their_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNSUI_DATA_DIR", "/somewhere")
    assert main(["config", "show", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    row = next(one for one in document["settings"] if one["name"] == "data_dir")
    source = "environment BUNSUI_DATA_DIR"
    assert row == {"name": "data_dir", "value": "/somewhere", "unit": None, "source": source}


def test_settings_are_shown_with_their_units_and_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[profiles.local]\nretention_days = 30\n[profiles.local.pools]\nwarehouse = 4\n")
    assert main(["config", "show", "--config", str(file)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"worker_idle +300 seconds +default +How long the worker waits for work", shown)
    assert re.search(rf"retention_days +30 days +{re.escape(str(file))}:2 +How long ended sessions", shown)
    assert re.search(r"protected +false +default +Ask a person before every change", shown)
    assert re.search(r"pool warehouse +4 units ", shown)


def test_schemas_of_all_tools_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tool", "--schema"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in document["items"]} == set(Registry().names())


@pytest.mark.parametrize(
    ("tool", "found"),
    [("ops_doctor", {"ok": True}), ("pipeline_validate", {"valid": True}), ("audit_verify", {"valid": True})],
)
def test_a_check_exits_by_what_it_found(tool: str, found: dict[str, bool]) -> None:
    assert status_of(tool, found) == 0
    assert status_of(tool, dict.fromkeys(found, False)) == 1


@pytest.mark.parametrize(
    ("status", "ended", "exit_status"),
    [("succeeded", True, 0), ("failed", True, 1), ("running", False, 124), ("waiting_approval", False, 124)],
)
def test_a_wait_exits_by_how_the_session_stands(status: str, ended: bool, exit_status: int) -> None:
    assert status_of("session_wait", {"status": status, "ended": ended}) == exit_status


def test_days_are_not_called_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "gc", "--help"]) == 0
    assert "--days DAYS " in capsys.readouterr().out
