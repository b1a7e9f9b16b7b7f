"""All tools, by name. The table is static; a tool's module is imported when the tool is used."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from bunsui.core.models.plan import Effect
from bunsui.errors import UsageError
from bunsui.tools.tool import AnyTool, Tool


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be said about a tool without importing it. `where` is `module:attribute`."""

    name: str
    effect: Effect
    summary: str
    where: str

    @property
    def noun(self) -> str:
        """`session` of `session_rerun`."""
        return self.name.split("_", 1)[0]

    @property
    def verb(self) -> str:
        """`rerun` of `session_rerun`."""
        return self.name.split("_", 1)[1]

    def load(self) -> AnyTool:
        """Import the tool."""
        module, attribute = self.where.split(":")
        tool = getattr(import_module(module), attribute)
        if not isinstance(tool, Tool):
            message = f"{self.where} is no tool"
            raise TypeError(message)
        return tool


def _own(name: str, effect: Effect, summary: str, where: str) -> Entry:
    return Entry(name, effect, summary, f"bunsui.tools.{where}")


_READ, _WRITE, _SPEND, _DESTROY = Effect.READ, Effect.WRITE, Effect.SPEND, Effect.DESTROY

TABLE: tuple[Entry, ...] = (
    _own("pipeline_list", _READ, "List registered pipelines.", "pipeline.find:LIST"),
    _own("pipeline_show", _READ, "Show a pipeline: jobs, parameters, versions.", "pipeline.show:SHOW"),
    _own(
        "pipeline_validate",
        _READ,
        "Check definitions offline.",
        "pipeline.validate:VALIDATE",
    ),
    _own("pipeline_plan", _READ, "Show what a start would run.", "pipeline.plan:PLAN"),
    _own(
        "pipeline_register",
        _WRITE,
        "Register a pipeline under its name.",
        "pipeline.register:REGISTER",
    ),
    _own("pipeline_delete", _DESTROY, "Delete a pipeline's versions.", "pipeline.delete:DELETE"),
    _own("session_list", _READ, "List sessions, newest first.", "session.find:LIST"),
    _own("session_show", _READ, "Show a session: runs, attempts, jobs, errors.", "session.show:SHOW"),
    _own("session_start", _SPEND, "Start pipelines in a new session.", "session.start:START"),
    _own(
        "session_pause", _WRITE, "Let nothing begin in a session; what runs finishes.", "session.pause:PAUSE"
    ),
    _own("session_resume", _WRITE, "Let a paused session go on where it was.", "session.pause:RESUME"),
    _own("session_stop", _WRITE, "Stop a running session.", "session.stop:STOP"),
    _own("session_rerun", _SPEND, "Rerun the jobs of a session that need it.", "session.rerun:RERUN"),
    _own("session_accept", _WRITE, "Accept stale results as good, with a reason.", "session.accept:ACCEPT"),
    _own("session_wait", _READ, "Wait until a session ends, within a limit.", "session.wait:WAIT"),
    _own("session_delete", _DESTROY, "Delete a session that has ended.", "removal:DELETE"),
    _own("job_show", _READ, "Show a job: status, tries, input, output, error.", "job.show:SHOW"),
    _own("job_logs", _READ, "Read the log of a job.", "job.logs:LOGS"),
    _own(
        "execution_run",
        _READ,
        "Run a state machine in process, with mocks, in no time.",
        "execution.run:RUN",
    ),
    _own("approval_list", _READ, "List plans that wait for a person.", "approval:LIST"),
    _own("approval_show", _READ, "Show a plan and the decision on it.", "approval:SHOW"),
    _own("audit_list", _READ, "List audit entries.", "audit:LIST"),
    _own("audit_verify", _READ, "Verify the hash chain of the audit trail.", "audit:VERIFY"),
    _own("ops_doctor", _READ, "Check that bunsui can work here.", "ops:DOCTOR"),
    _own(
        "ops_maintenance",
        _WRITE,
        "Begin or end maintenance: nothing begins while it lasts.",
        "maintenance:MAINTENANCE",
    ),
    _own("ops_gc", _DESTROY, "Remove old sessions and what nothing refers to.", "removal:GC"),
)


class Registry:
    """Tools by name, in the order of the table."""

    def __init__(self, entries: tuple[Entry, ...] = TABLE) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self._entries)

    def entry(self, name: str) -> Entry:
        """What the table says. Raises UsageError with the nearest name."""
        entry = self._entries.get(name)
        if entry is None:
            raise _unknown(name, self._entries)
        return entry

    def tool(self, name: str) -> AnyTool:
        """The tool, imported now. Raises UsageError with the nearest name."""
        return self.entry(name).load()


def _unknown(name: str, known: dict[str, Entry]) -> UsageError:
    near = difflib.get_close_matches(name, known, n=1)
    steps = [f"did you mean {near[0]}?"] if near else []
    return UsageError(
        f"there is no tool {name[:80]!r}",
        next_steps=[*steps, "bunsui tool --list"],
        details={"tool": name[:80], "nearest": near[0] if near else None},
    )
