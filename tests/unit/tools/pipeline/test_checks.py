"""What is wrong with one definition: a finding with its place, never an error, whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.tools.pipeline.checks import FileCheck, check_file

GOOD = "name: p\njobs: {a: {lambda: {handler: 'h:f'}}}\n"


def check(folder: Path, text: str | bytes, name: str = "pipeline.yaml") -> FileCheck:
    (folder / "h.py").write_text("def f(event, context): ...\n")
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return check_file(str(folder / name), "local")


def test_a_good_pipeline_has_its_name_and_no_error(tmp_path: Path) -> None:
    found = check(tmp_path, GOOD)
    assert (found.kind, found.name, found.valid, found.findings) == ("pipeline", "p", True, ())


def test_findings_have_their_places_errors_first(tmp_path: Path) -> None:
    found = check(tmp_path, GOOD + "output: '{% $jobs.b %}'\nnaem: x\n")
    assert not found.valid
    assert {(one.line, one.key) for one in found.findings} >= {(3, "output"), (4, "naem")}
    assert next(one for one in found.findings if one.key == "naem").suggestion == "name"
    order = [one.severity for one in found.findings]
    assert order == sorted(order)


def test_a_state_machine_is_told_by_its_keys(tmp_path: Path) -> None:
    good = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    found = check(tmp_path, good, "machine.json")
    assert (found.kind, found.valid) == ("state_machine", True)
    assert not check(tmp_path, '{"StartAt": "B", "States": {}}', "machine.json").valid


@pytest.mark.parametrize("text", ["", "[", "a: *b", "null", "[1]", b"\xff\xfe\x00", "\x00", "{" * 100])
def test_a_file_that_is_no_definition_is_a_finding(tmp_path: Path, text: str | bytes) -> None:
    found = check(tmp_path, text)
    assert not found.valid
    assert found.findings[0].message


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    found = check_file(str(tmp_path / "no.yaml"), "local")
    assert not found.valid
    assert "no.yaml" in found.findings[0].message


def test_the_target_decides_on_what_only_one_backend_takes(tmp_path: Path) -> None:
    text = "name: p\njobs: {a: {ecs: {image: i, command: [x], cpu: 300, memory: 512}}}\n"
    (tmp_path / "pipeline.yaml").write_text(text)
    local = check_file(str(tmp_path / "pipeline.yaml"), "local")
    aws = check_file(str(tmp_path / "pipeline.yaml"), "aws")
    assert len(aws.findings) > len(local.findings)
