"""A scripted assistant: the calls that a competent one makes, counted in calls and tokens.

A situation is data: which example, which fault in it, what the cause and its log line are, and what repairs
it. The assistant knows none of this; it reads it out of the results and is held to what they said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from mcp import Client, types

from bunsui.bootstrap import build
from bunsui.core.models.audit import CallerKind
from bunsui.tools.context import Caller
from bunsui.tools.decision import decide
from bunsui.tools.runtime import Runtime
from bunsui.utils.config import load_settings
from bunsui_mcp.options import Options
from bunsui_mcp.serving import server_of

PERSON = Caller(kind=CallerKind.PERSON, actor="ann")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is wrong in an example, and what an assistant must find and do.

    `fault` is the argument of the example's faults.py; `repaired`: the fault is taken out before the rerun;
    `start`: more words of the command that starts it; `prepared_by`: the script that makes its data.
    """

    name: str
    example: str
    fault: str
    job: str
    cause: str
    log: str
    rerun: Mapping[str, Any] = field(default_factory=dict)
    repaired: bool = False
    start: tuple[str, ...] = ()
    prepared_by: str = ""


def situations(path: Path) -> list[Situation]:
    """The situations of a file."""
    return [Situation(**one) for one in yaml.safe_load(path.read_text(encoding="utf-8"))]


class World:
    """A copy of an example in which a session has failed, among others that have not."""

    def __init__(self, situation: Situation, folder: Path, examples: Path) -> None:
        self.situation, self.data_dir = situation, folder / "data"
        self.project = folder / situation.example
        ignored = shutil.ignore_patterns("out", "__pycache__", "calls.log")
        shutil.copytree(examples / situation.example, self.project, ignore=ignored)

    def fault(self, *words: str) -> None:
        """Put the fault into the copy, or take it out."""
        self.python("faults.py", *words)

    def python(self, *words: str) -> None:
        """Run a script of the copy."""
        subprocess.run([sys.executable, *words], cwd=self.project, check=True, capture_output=True)

    def bunsui(self, *words: str) -> int:
        """A command of a person, on this data directory."""
        command = Path(sys.executable).with_name("bunsui")
        given = [str(command), *words, "--data-dir", str(self.data_dir)]
        environment = {**os.environ, "BUNSUI_CONFIG": "", "BUNSUI_WORKER_IDLE": "2"}
        done = subprocess.run(given, capture_output=True, check=False, env=environment, timeout=120)
        return done.returncode

    def happened(self) -> None:
        """One night: a session that went well, one that failed."""
        if self.situation.prepared_by:
            self.python(self.situation.prepared_by)
        words = [str(self.project), *self.situation.start]
        assert self.bunsui("session", "start", *words, "--wait") == 0
        self.fault("apply", self.situation.fault)
        assert self.bunsui("session", "start", *words, "--wait") == 1


@dataclass
class Assistant:
    """Calls tools, counts calls and the tokens of their results, and keeps what it has read."""

    client: Client
    calls: list[str] = field(default_factory=list)
    characters: int = 0

    @property
    def tokens(self) -> float:
        """Four characters are one."""
        return self.characters / 4

    async def call(self, name: str, **given: Any) -> dict[str, Any]:
        """One call: its document, good or bad."""
        result = await self.client.call_tool(name, given)
        self.calls.append(name)
        content = [block.model_dump(mode="json", exclude_none=True) for block in result.content]
        self.characters += len(json.dumps([content, result.structured_content], ensure_ascii=False))
        return dict(result.structured_content or {})

    async def investigate(self) -> tuple[str, dict[str, Any]]:
        """From "something failed last night" to the session and the job that is the cause."""
        listed = await self.call("session_list", status="failed", since="24h")
        session = str(listed["sessions"][0]["id"])
        shown = await self.call("session_show", session=session)
        jobs = [job for run in shown["runs"] for job in run["jobs"]]
        return session, next(job for job in jobs if job["status"] in {"failed", "timed_out", "lost"})

    async def rerun(self, session: str, given: Mapping[str, Any], runtime: Runtime) -> dict[str, Any]:
        """The rerun; where the client cannot ask, a person decides on a terminal and the call is repeated."""
        done = await self.call("session_rerun", session=session, **given)
        if done.get("code") != "approval_required":
            return done
        plan = str(done["details"]["plan_id"])
        await decide(runtime, plan, PERSON)
        return await self.call("session_rerun", session=session, **given, plan_id=plan)


async def agrees(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """A person who says yes."""
    return types.ElicitResult(action="accept", content={})


@asynccontextmanager
async def assistant(data_dir: Path, *, asks: bool) -> AsyncIterator[tuple[Assistant, Runtime]]:
    """An assistant at a server over the data directory; `asks`: its host can show a question."""
    runtime = build(load_settings({"data_dir": str(data_dir)}))
    server = server_of(runtime, Options(allow_write=True))
    try:
        async with Client(server, elicitation_callback=agrees if asks else None) as client:
            yield Assistant(client), runtime
    finally:
        await runtime.ports.store.close()
