"""What the functions and tasks of an attempt are: read from the pipeline version that it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bunsui.core.control.secrets import references_of, substitute
from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import Job, Pipeline
from bunsui.core.models.session import Attempt, Overrides, Run
from bunsui.core.pipeline import Compiled, ContainerTask, Function, compile_pipeline
from bunsui.core.ports.store import Store
from bunsui.core.session.definitions import Definition, definition_of
from bunsui.errors import NotFound
from bunsui.local.engine.executions import Owner
from bunsui.local.secrets import Secrets
from bunsui.local.worker.masking import Mask

T = TypeVar("T")

_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A pipeline version and the run that uses it."""

    run: Run
    attempt: Attempt
    definition: Definition
    compiled: Compiled
    secrets: Secrets

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline of that version."""
        return self.definition.pipeline

    @property
    def project(self) -> Path:
        """The folder of handlers."""
        return Path(self.run.project)

    def function(self, name: str) -> Function:
        """The function with that name. Raises NotFound."""
        return _find(self.compiled.functions, name, "function")

    def task(self, name: str) -> ContainerTask:
        """The task definition with that name. Raises NotFound."""
        return _find(self.compiled.tasks, name, "task definition")

    def job(self, name: str) -> Job:
        """A job of the pipeline."""
        return self.pipeline.jobs[name]

    def reveal(self, value: JsonValue) -> JsonValue:
        """The value with the secrets of this run in place of their placeholders: never to be stored."""
        return substitute(value, references_of(self.definition, self.attempt.params), self.secrets.resolve)

    def mask(self) -> Mask:
        """Hides the secrets of this run. Raises NotFound for one that is not there."""
        references = references_of(self.definition, self.attempt.params)
        return Mask(self.secrets.resolve(reference) for reference in references)

    def overrides(self, job: str) -> Overrides:
        """What the run changes of a job's resources."""
        return self.run.overrides.get(job, Overrides())


class Programs:
    """Programs of attempts; versions never change, so that each is compiled once."""

    def __init__(self, store: Store, secrets: Secrets) -> None:
        self._store = store
        self._secrets = secrets
        self._compiled: dict[tuple[str, str], tuple[Definition, Compiled]] = {}
        self._known: dict[Owner, Program] = {}

    async def of(self, owner: Owner) -> Program:
        """The program of an attempt, which does not change while it runs. Raises NotFound."""
        found = self._known.get(owner)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[owner] = await self._read(owner)
        return found

    async def _read(self, owner: Owner) -> Program:
        run = await self._store.sessions.run(owner.session_id, owner.run_id)
        attempt = await self._store.sessions.attempt(owner.session_id, owner.run_id, owner.attempt)
        definition, compiled = await self._compile(run.pipeline, attempt.definition)
        return Program(
            run=run, attempt=attempt, definition=definition, compiled=compiled, secrets=self._secrets
        )

    async def _compile(self, name: str, hash: str) -> tuple[Definition, Compiled]:
        found = self._compiled.get((name, hash))
        if found is None:
            definition = definition_of(await self._store.pipelines.version(name, hash))
            if len(self._compiled) >= _KEPT:
                self._compiled.clear()
            found = self._compiled[name, hash] = (definition, compile_pipeline(definition.pipeline))
        return found


def _find(known: dict[str, T], name: str, kind: str) -> T:
    if name not in known:
        raise NotFound(
            f"The pipeline has no {kind} {name}", next_steps=[f"It has {', '.join(sorted(known))}"]
        )
    return known[name]
