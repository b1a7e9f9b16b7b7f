"""The pipeline of the README, and the commands below it, as a new user types them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import World

READMES = ("README.md", "README.ja.md")
FILE = re.compile(r"```\w+\n# (my_pipeline/\S+)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^bunsui (.+?)(?:  .*)?$", re.MULTILINE)


def files(root: Path, readme: str) -> dict[str, str]:
    found = FILE.findall((root / readme).read_text(encoding="utf-8"))
    assert [name for name, _ in found] == ["my_pipeline/pipeline.yaml", "my_pipeline/handlers.py"]
    return dict(found)


def commands(root: Path, readme: str) -> list[list[str]]:
    """The words of the commands that stand behind the two files."""
    text = (root / readme).read_text(encoding="utf-8")
    block = text[text.index("# my_pipeline/handlers.py") :].split("```")[2]
    return [line.split() for line in COMMAND.findall(block)]


def test_both_languages_show_the_same_pipeline(root: Path) -> None:
    assert files(root, READMES[0]) == files(root, READMES[1])


@pytest.mark.parametrize("readme", READMES)
def test_a_new_user_gets_through_the_readme(readme: str, world: World, root: Path, tmp_path: Path) -> None:
    for name, text in files(root, readme).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    places = {".": str(tmp_path / "my_pipeline"), "my_pipeline": str(tmp_path / "my_pipeline"), "JOB": "load"}
    ran = list[str]()
    for words in commands(root, readme):
        if words[:2] in (["session", "pause"], ["ops", "maintenance"]):
            continue  # holds what has ended, or everything
        done = world.run(*(places.get(word, word) for word in words))
        assert done.returncode == 0, (words, done.stderr)
        if words[:2] == ["session", "start"]:
            places.setdefault("SESSION", world.json("session", "list")["sessions"][0]["id"])
        ran.append(" ".join(words[:2]))
    assert {"session start", "session rerun", "job logs", "job show", "approval list"} <= set(ran)
    assert "loading 2026-10" in world.run("job", "logs", places["SESSION"], "load").stdout
