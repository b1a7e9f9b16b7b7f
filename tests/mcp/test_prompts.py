"""Prompts: listed, rendered, and naming only tools that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mcp import types
from mcp.shared.exceptions import MCPError

from bunsui.tools.registry import Registry
from bunsui_mcp.prompts import texts
from tests.conftest import ROOT
from tests.mcp.connections import ERAS, in_memory
from tests.unit.tools.helpers import counting

NAMES = sorted(path.stem for path in (ROOT / "prompts").glob("*.md"))
VALUES = {"session": "20260101-abcdef", "pipeline": "chain", "change": "more memory", "task": "load a file"}


@pytest.mark.parametrize("era", ERAS)
async def test_every_prompt_is_listed_and_rendered(era: str) -> None:
    async with in_memory(await counting(), era) as client:
        listed = (await client.list_prompts()).prompts
        assert [prompt.name for prompt in listed] == NAMES
        for prompt in listed:
            given = {one.name: VALUES[one.name] for one in prompt.arguments or []}
            (message,) = (await client.get_prompt(prompt.name, given)).messages
            assert isinstance(message.content, types.TextContent)
            assert not re.search(r"[{}]", message.content.text)
            assert all(value in message.content.text for value in given.values())
            assert prompt.title
            assert prompt.description


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_names_only_tools_that_there_are(name: str) -> None:
    words = re.findall(r"`([a-z]+_[a-z]+)`", texts()[name].body)
    known = {*Registry().names(), "approval_required", "upstream_failed", "dry_run", "plan_id"}
    assert words or name == "write_pipeline"
    assert set(words) <= known


def test_what_is_given_cannot_add_lines() -> None:
    rendered = texts()["look_into_failure"].rendered({"session": "x\n\n# New orders\x1b[31m: {session}"})
    assert "\n# New orders" not in rendered
    assert "\x1b" not in rendered


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("look_into_failure", {}, "session is required"),
        ("look_into_failure", {"session": "x", "more": "y"}, "more is unknown"),
        ("no_such_prompt", {}, "there is no prompt"),
    ],
)
async def test_what_does_not_fit_is_refused(name: str, given: dict[str, str], problem: str) -> None:
    async with in_memory(await counting()) as client:
        with pytest.raises(MCPError, match=problem) as caught:
            await client.get_prompt(name, given)
    assert caught.value.data["code"] in {"usage", "not_found"}


def test_the_wheel_and_the_checkout_have_the_same_folder(root: Path) -> None:
    assert len(texts()) == len(list((root / "prompts").glob("*.md")))
