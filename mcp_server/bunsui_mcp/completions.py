"""Values for variables of prompts and resource templates: ids that exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bunsui.core.models.session import Run
from bunsui.core.ports.store import SessionQuery
from bunsui.errors import NotFound
from bunsui.tools.runtime import Runtime

SESSIONS = 500
PAGE = 100


@dataclass(frozen=True, slots=True)
class RuntimeCompletions:
    """Sessions (those that failed first), pipelines, and the runs and jobs of a session."""

    runtime: Runtime

    async def complete(self, name: str, prefix: str, given: dict[str, str]) -> Sequence[str]:
        """Values that begin with `prefix`; none for a variable that has no list."""
        if name == "session":
            return await self._sessions(prefix)
        if name == "pipeline":
            newest = await self.runtime.ports.store.pipelines.newest()
            return [one.name for one in newest if one.name.startswith(prefix)]
        if name in {"run", "job"} and "session" in given:
            return [one for one in await self._inside(name, given) if one.startswith(prefix)]
        return []

    async def _sessions(self, prefix: str) -> list[str]:
        found: list[tuple[bool, str]] = []
        cursor = None
        while len(found) < SESSIONS:
            query = SessionQuery(profile=self.runtime.profile.name, limit=PAGE, cursor=cursor)
            page = await self.runtime.ports.store.sessions.find(query)
            found += [(one.status != "failed", one.id) for one in page.items if one.id.startswith(prefix)]
            if (cursor := page.cursor) is None:
                break
        return [session for _, session in sorted(found, key=lambda one: one[0])]

    async def _inside(self, name: str, given: dict[str, str]) -> list[str]:
        store = self.runtime.ports.store
        try:
            runs: list[Run] = await store.sessions.runs(given["session"])
        except NotFound:
            return []
        if name == "run":
            return [run.id for run in runs]
        wanted = [run for run in runs if given.get("run") in (None, run.id)]
        jobs = [
            job for run in wanted for job in await store.jobs.job_runs(run.session_id, run.id, run.attempt)
        ]
        return list(dict.fromkeys(job.job for job in jobs))
