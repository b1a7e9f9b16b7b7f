"""Errors as a model reads them: which field, why, what is allowed, what to call next, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.tools.decision import decide
from bunsui.tools.registry import Registry
from bunsui_mcp.options import Options
from bunsui_mcp.toolsets import lacking
from tests.mcp.connections import ERAS, MODERN, document, in_memory, said
from tests.unit.tools.helpers import PERSON
from tests.unit.tools.project import Project

WRONG: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    ("session_list", {"status": "fialed"}, ("status", "'fialed'", "allowed: created", "input schema")),
    ("session_list", {"since": "yesterday"}, ("since", "'yesterday'", "2026-11-22", "24h")),
    ("session_list", {"limit": 0}, ("limit", "greater than or equal to 1", "'0'")),
    ("session_list", {"cursor": "zzz"}, ("cursor", "zzz")),
    ("session_list", {"response_format": "full"}, ("response_format", "concise, detailed")),
    ("session_list", {"stat": "failed"}, ("stat", "status")),
    ("session_show", {}, ("session is required",)),
    ("session_show", {"session": "nope"}, ("no session nope",)),
    ("session_rerun", {"session": "x", "strategy": "most"}, ("strategy", "'most'", "failed, from, only")),
    ("session_wait", {"session": "x", "timeout": 99_999}, ("timeout", "3600")),
    ("sesion_list", {}, ("did you mean session_list?", "the list of tools")),
    ("pipeline_register", {"pipeline": "x.py:P"}, ("executes Python", "a person registers it: bunsui")),
)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("name", "given", "words"), WRONG, ids=lambda one: str(one)[:40])
async def test_a_wrong_call_is_answered_so_that_the_next_is_right(
    era: str, name: str, given: dict[str, Any], words: tuple[str, ...], chain: Project
) -> None:
    async with in_memory(chain.runtime, era) as client:
        result = await client.call_tool(name, given)
    assert result.is_error
    assert {"code", "message", "retryable", "next_steps"} <= document(result).keys()
    text = said(result)
    assert [word for word in words if word not in text] == []
    assert "bunsui tool" not in text


@pytest.mark.parametrize(("toolset", "step"), [("default", "bunsui audit list"), ("all", "audit_list")])
async def test_a_next_step_names_only_tools_that_the_host_has(
    toolset: str, step: str, chain: Project
) -> None:
    options = Options(allow_write=True, toolsets=(toolset,))
    given = {"pipeline": str(chain.folder)}
    async with in_memory(chain.runtime, MODERN, None, options) as client:
        plan = document(await client.call_tool("pipeline_register", given))["details"]["plan_id"]
        await decide(chain.runtime, plan, PERSON)
        for _ in range(2):
            result = await client.call_tool("pipeline_register", {**given, "plan_id": plan})
    assert document(result)["code"] == "conflict"
    assert f": {step} --tail" in said(result)


async def test_a_step_that_needs_another_tool_says_which_flags_offer_it(chain: Project) -> None:
    given = {"pipeline": str(chain.folder)}
    options = Options(allow_write=True)
    async with in_memory(chain.runtime, MODERN, None, options) as client:
        plan = document(await client.call_tool("pipeline_register", given))["details"]["plan_id"]
        await decide(chain.runtime, plan, PERSON)
        for _ in range(2):
            result = await client.call_tool("pipeline_register", {**given, "plan_id": plan})
    flags = "bunsui mcp serve --toolset default --toolset audit"
    assert f"bunsui audit list --tail 20 (a person can; to have the tool audit_list: {flags})" in said(result)
    assert "--plan" not in said(result)


async def test_a_server_that_only_reads_says_which_switch_lets_its_steps_be_taken(chain: Project) -> None:
    session = await chain.started()
    async with in_memory(chain.runtime, MODERN, None, Options()) as client:
        denied = said(await client.call_tool("session_pause", {"session": session}))
    assert (
        "a person starts it with: bunsui mcp serve --allow-write --toolset default --toolset session"
        in denied
    )


async def test_what_a_server_was_told_to_offer_it_says_nothing_more_of() -> None:
    every = {"allow_write": True, "allow_destroy": True}
    assert lacking(Registry(), Options(toolsets=("all",), **every)) == {}
    assert lacking(Registry(), Options(toolsets=("all",)))["session_rerun"] == "--allow-write"
    assert lacking(Registry(), Options(toolsets=("session",)))["session_delete"] == "--allow-destroy"


@pytest.mark.parametrize("content", ["PASSWORD=hunter2\n", "- hunter2\n", "271828\n"])
async def test_a_file_that_is_no_pipeline_is_not_shown(content: str, chain: Project, tmp_path: Path) -> None:
    path = tmp_path / "anybodys"
    path.write_text(content, encoding="utf-8")
    async with in_memory(chain.runtime) as client:
        for name, given in (
            ("pipeline_show", {"pipeline": str(path)}),
            ("pipeline_validate", {"paths": [str(path)]}),
            ("session_start", {"pipelines": [str(path)]}),
        ):
            result = (await client.call_tool(name, given)).model_dump_json()
            assert "a pipeline is a mapping, not" in result
            assert content.strip("- \n").rpartition("=")[2] not in result
