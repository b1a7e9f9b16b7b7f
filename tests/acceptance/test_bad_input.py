"""Bad input gives one clear error, a documented exit status, and costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import World

HEAD = "bunsui: 1\nname: broken\njobs:\n"
LAMBDA = "lambda: {handler: 'handlers.fetch_trips:handler'}"
DEFINITIONS = {
    "not YAML": ("bunsui: 1\nname: [unclosed\n", ":3:1: error"),
    "a cycle": (f"{HEAD}  a: {{needs: [b], {LAMBDA}}}\n  b: {{needs: [a], {LAMBDA}}}\n", "cycle"),
    "unknown need": (f"{HEAD}  fetch: {{{LAMBDA}}}\n  b: {{needs: [fetsh], {LAMBDA}}}\n", "fetch"),
    "wrong type": (f"{HEAD}  a: {{timeout: [1], {LAMBDA}}}\n", "timeout"),
    "unknown key": (f"{HEAD}  a: {{neds: [], {LAMBDA}}}\n", "needs"),
    "missing module": (f"{HEAD}  a: {{lambda: {{handler: 'handlers.absent:handler'}}}}\n", "absent"),
    "missing function": (f"{HEAD}  a: {{lambda: {{handler: 'handlers.publish:absent'}}}}\n", "absent"),
    "bad expression": (
        f"{HEAD}  a: {{lambda: {{handler: 'handlers.publish:handler', input: '{{% $x( %}}'}}}}\n",
        ":4:",
    ),
    "unknown job in an expression": (f"{HEAD}  a: {{when: '{{% $jobs.b.x %}}', {LAMBDA}}}\n", "'b'"),
    "binary": ("\x00\x01\x02", "pipeline.yaml"),
    "nothing": ("", "pipeline.yaml"),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_wrong_definition_is_refused_with_its_place(world: World, name: str) -> None:
    text, says = DEFINITIONS[name]
    (world.project / "pipeline.yaml").write_text(text, encoding="utf-8")
    checked = world.run("pipeline", "validate", str(world.project))
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert says in checked.stdout
    assert "Traceback" not in checked.stdout + checked.stderr
    started = world.run("session", "start", str(world.project))
    assert started.returncode == 1
    assert started.stderr.startswith("invalid_definition: ")
    assert world.json("session", "list")["sessions"] == []


@pytest.mark.parametrize(
    "words, status, code",
    [
        (("session", "show", "20990101-zzzzzz"), 3, "not_found"),
        (("session", "start", "no-such-pipeline"), 3, "not_found"),
        (("session", "start", "./absent.yaml"), 3, "not_found"),
        (("session", "rerun", "20990101-zzzzzz"), 3, "not_found"),
        (("job", "logs", "20990101-zzzzzz", "a"), 3, "not_found"),
        (("approval", "show", "p-none"), 3, "not_found"),
        (("approval", "decide", "p-none"), 4, "permission_denied"),
        (("session", "list", "--cursor", "nonsense"), 2, "usage"),
        (("session", "list", "--limit", "zero"), 2, "usage"),
        (("session", "list", "--profile", "nope"), 2, "invalid_config"),
        (("pipeline", "validate"), 2, "usage"),
        (("pipeline", "delete", "no-such-pipeline"), 3, "not_found"),
    ],
)
def test_what_is_not_there_or_not_allowed_has_its_status(
    world: World, words: tuple[str, ...], status: int, code: str
) -> None:
    done = world.run(*words)
    assert (done.returncode, done.stderr.split(":")[0]) == (status, code), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "params, says",
    [
        (["--param", "month=March"], "month"),
        (["--param", "mnth=2019-03"], "month"),
        (["--param", "month"], "NAME=VALUE"),
    ],
)
def test_a_wrong_parameter_is_named(world: World, params: list[str], says: str) -> None:
    done = world.run("session", "start", str(world.project), *params)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr


def test_options_of_later_versions_are_unknown_not_ignored(world: World) -> None:
    done = world.run("session", "start", str(world.project), "--no-such-option", "x")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_a_handler_that_prints_anything_breaks_nothing(world: World) -> None:
    handler = world.project / "handlers" / "fetch_zones.py"
    noise = (
        "import os\n"
        "os.write(1, bytes(range(256)) * 40 + b'\\x1b]0;title\\x07\\x1b[2J')\n"
        "os.write(2, b'x' * 200_000)\n"
    )
    handler.write_text(noise + handler.read_text(encoding="utf-8").replace("from __future__", "#"), "utf-8")
    document = world.json("session", "start", str(world.project), "--wait")
    assert document["status"] == "succeeded"
    shown = world.run("job", "logs", document["id"], "fetch_zones")
    assert shown.returncode == 0
    assert "\x1b" not in shown.stdout
    assert "\x00" not in shown.stdout


def test_a_data_directory_that_is_none_is_named(world: World, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("I am a file")
    for words in (("session", "list"), ("session", "start", str(world.project))):
        done = world.run(*words, "--data-dir", str(file))
        assert (done.returncode, done.stderr.split(":")[0]) == (1, "store_error"), done.stderr
        assert str(file) in done.stderr
        assert "hint: " in done.stderr
    assert file.read_text() == "I am a file"


def test_a_corrupt_database_is_named_and_left_as_it_is(world: World) -> None:
    world.data_dir.mkdir()
    database = world.data_dir / "bunsui.db"
    database.write_bytes(b"SQLite format 3\x00" + b"garbage" * 2000)
    before = database.read_bytes()
    for words in (("session", "list"), ("session", "start", str(world.project))):
        done = world.run(*words)
        assert (done.returncode, done.stderr.split(":")[0]) == (1, "store_corrupt"), done.stderr
        assert "hint: " in done.stderr
    assert database.read_bytes() == before
    doctor = world.run("doctor")
    assert doctor.returncode == 1
    assert "failed" in doctor.stdout


def test_the_doctor_does_not_find_a_folder_well_that_is_not_there(world: World, tmp_path: Path) -> None:
    assert world.run("doctor", str(tmp_path)).returncode == 0
    missing = world.run("doctor", str(tmp_path / "nowhere"))
    assert missing.returncode == 1
    assert f"there is no folder {tmp_path / 'nowhere'}" in missing.stdout


def test_without_a_terminal_what_is_asked_is_refused_with_the_plan(world: World) -> None:
    world.run("pipeline", "register", str(world.project))
    refused = world.run("pipeline", "delete", "taxi-month")
    assert refused.returncode == 5
    (plan,) = world.json("approval", "list")["approvals"]
    assert f"bunsui approval decide {plan['id']}" in refused.stderr
    assert world.run("approval", "decide", plan["id"]).returncode == 4
    assert world.run("pipeline", "delete", "taxi-month", "--plan", plan["id"]).returncode == 5
    assert len(world.json("pipeline", "list")["pipelines"]) == 1
    assert world.json("audit", "verify")["valid"]
