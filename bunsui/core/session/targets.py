"""Facts for the planner, read from records, files and code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.job import Fingerprint, JobRun
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.session import Attempt, Run
from bunsui.core.models.status import Action, Status
from bunsui.core.pipeline import (
    Bindings,
    canonical,
    check_params,
    fingerprint,
    load_pipeline,
)
from bunsui.core.pipeline.dag import Dag
from bunsui.core.pipeline.items import items_of
from bunsui.core.pipeline.version import item_fingerprint
from bunsui.core.ports.blobs import Blobs
from bunsui.core.ports.code import CodeVersions
from bunsui.core.session.bindings import bindings_from
from bunsui.core.session.definitions import Definition, definition_of
from bunsui.core.session.facts import History, JobFacts, Target
from bunsui.core.session.items import ItemFacts
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.requests import DefinitionChoice
from bunsui.errors import BunsuiError, Conflict, NotFound, RunFailed, StoreCorrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A definition to run: the version it is or will be kept as, and where its code lives."""

    definition: Definition
    version: PipelineVersion
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A run that may get a new attempt, with all that the plan needs to know of it."""

    run: Run
    attempt: Attempt
    jobs: tuple[JobRun, ...]
    source: Source
    params: dict[str, JsonValue]
    target: Target
    history: History


async def candidate(
    ports: SessionPorts, run: Run, source: Source, given: Mapping[str, JsonValue], notes: tuple[str, ...] = ()
) -> Candidate:
    """Read everything about a run. `given` are parameters that replace those of the run."""
    attempt = await ports.store.sessions.attempt(run.session_id, run.id, run.attempt)
    jobs = await ports.store.jobs.job_runs(run.session_id, run.id, run.attempt)
    pipeline = source.definition.pipeline
    kept = {name: value for name, value in run.params.items() if name in pipeline.params}
    params = check_params(pipeline, {**kept, **given})
    target = replace(await target_of(ports, source, params), notes=notes)
    return Candidate(
        run=run,
        attempt=attempt,
        jobs=tuple(jobs),
        source=source,
        params=params,
        target=await _with_items(ports, source, run, params, jobs, target),
        history=await history_of(ports, run, attempt, jobs),
    )


async def source_of(ports: SessionPorts, run: Run, choice: DefinitionChoice, by: str) -> Source:
    """The definition of the newest attempt, or the one in the file or registry now.

    Raises NotFound when there is none now, DefinitionInvalid, Conflict when the file names another pipeline.
    """
    if choice is DefinitionChoice.CURRENT and run.source:
        return _from_file(ports, run, run.source, by)
    hash = None if choice is DefinitionChoice.CURRENT else run.definition
    version = await ports.store.pipelines.version(run.pipeline, hash)
    return Source(definition=definition_of(version), version=version, project=run.project)


def _from_file(ports: SessionPorts, run: Run, source: str, by: str) -> Source:
    loaded = load_pipeline(Path(source))
    if loaded.pipeline.name != run.pipeline:
        raise Conflict(
            f"{source} now defines pipeline {loaded.pipeline.name}; run {run.id} is of {run.pipeline}.",
            next_steps=["Rerun with --definition original, or start a new session."],
        )
    definition = Definition(loaded.version, loaded.pipeline, Dag(loaded.pipeline))
    version = PipelineVersion(
        name=loaded.pipeline.name,
        hash=loaded.version,
        definition=canonical(loaded.pipeline),
        project=str(loaded.project),
        source=source,
        registered_by=by,
        registered_at=ports.clock.now(),
    )
    return Source(definition=definition, version=version, project=str(loaded.project))


async def target_of(ports: SessionPorts, source: Source, params: dict[str, JsonValue]) -> Target:
    """The definition as the planner sees it, with the fingerprints of now.

    Raises NotFound for missing code.
    """
    pipeline, dag = source.definition.pipeline, source.definition.dag
    now = await fingerprints_of(ports.code, source.definition, source.project, params)
    return Target(
        definition=source.definition.hash,
        needs=dag.needs,
        fingerprints=now,
        renamed={name: job.renamed_from for name, job in pipeline.jobs.items() if job.renamed_from},
    )


async def fingerprints_of(
    code: CodeVersions, definition: Definition, project: str, params: dict[str, JsonValue]
) -> dict[str, Fingerprint]:
    """What would decide the result of each job now, but for its inputs. Raises NotFound for missing code."""
    pipeline = definition.pipeline
    return {
        name: fingerprint(pipeline, name, params, await code.code_of(project, job))
        for name, job in pipeline.jobs.items()
    }


async def _with_items(
    ports: SessionPorts,
    source: Source,
    run: Run,
    params: dict[str, JsonValue],
    jobs: list[JobRun],
    target: Target,
) -> Target:
    """The target with the items that its map jobs have now, where the outputs of now tell them."""
    mapped = [name for name, job in source.definition.pipeline.jobs.items() if job.map]
    if not mapped:
        return target
    session = await ports.store.sessions.session(run.session_id)
    known = {job.job: job for job in jobs}
    before = {name: known.get(name) or known.get(target.renamed.get(name, name)) for name in target.needs}
    items: dict[str, dict[str, Fingerprint] | None] = {}
    for name in mapped:
        needs = {need: job for need in sorted(target.needs[name]) if (job := before.get(need))}
        try:
            bound = await bindings_from(ports.blobs, source.definition, params, session, run.id, needs)
            items[name] = _item_marks(source, name, params, target.fingerprints[name].code, bound)
        except (RunFailed, NotFound, StoreCorrupt):
            items[name] = None
    return replace(target, items=items)


def _item_marks(
    source: Source, name: str, params: dict[str, JsonValue], code: str, bound: Bindings
) -> dict[str, Fingerprint]:
    pipeline = source.definition.pipeline
    job = pipeline.jobs[name]
    if job.map is None:
        return {}
    now = item_fingerprint(pipeline, name, params, code)
    items = items_of(name, job, job.map, bound)
    return {item.key: now.model_copy(update={"inputs": digest(item.inputs)}) for item in items}


async def history_of(ports: SessionPorts, run: Run, attempt: Attempt, jobs: list[JobRun]) -> History:
    """The newest result of every job: those of the newest attempt, which carries older ones along."""
    facts = {job.job: await _facts(ports, attempt, job) for job in jobs}
    unfinished = run.status.ended and run.status is not Status.SUCCEEDED
    return History(attempt=run.attempt, definition=run.definition, unfinished=unfinished, jobs=facts)


async def _available(blobs: Blobs, job: JobRun) -> bool:
    blob = job.output.blob if job.output else None
    return blob is None or await blobs.has(blob)


def _items_at(attempt: Attempt, job: JobRun) -> tuple[int, str] | None:
    """The attempt and the name of the job that have the newest results of items.

    A map that was to keep some and never came to its turn has left them where they were.
    """
    if job.items is not None:
        return job.made_at[-2:]
    plan = attempt.jobs.get(job.job)
    kept = plan is not None and plan.action is Action.RUN and job.started_at is None
    return (plan.items_from, plan.items_as) if plan and kept and plan.items_from and plan.items_as else None


async def _facts(ports: SessionPorts, attempt: Attempt, job: JobRun) -> JobFacts:
    items_at, items_as = _items_at(attempt, job) or (None, "")
    rows: list[JobRun] = []
    if items_at is not None:
        rows = await ports.store.jobs.items(job.session_id, job.run_id, items_at, items_as)
    return JobFacts(
        status=job.status,
        origin=job.origin,
        began=job.started_at is not None,
        available=await _available(ports.blobs, job),
        warning=job.warning,
        stale=job.stale,
        stale_reason=job.stale_reason,
        reason=job.reason,
        fingerprint=job.fingerprint,
        items={row.item: ItemFacts.of(row, available=await _available(ports.blobs, row)) for row in rows},
        items_at=items_at,
        items_as=items_as,
    )


async def notes_on(
    ports: SessionPorts, run: Run, source: Source, choice: DefinitionChoice, by: str
) -> tuple[str, ...]:
    """What a person should know who asked for the original definition."""
    if choice is DefinitionChoice.CURRENT:
        return ()
    notes = ["handler code is not kept with a definition: the code of now runs"]
    try:
        current = await source_of(ports, run, DefinitionChoice.CURRENT, by)
    except BunsuiError:
        return tuple(notes)
    if current.definition.hash != source.definition.hash:
        names = ", ".join(_different(source.definition, current.definition)) or "settings of the pipeline"
        notes.append(f"the definition has changed since ({names}); --definition current would use it")
    return tuple(notes)


def _different(old: Definition, new: Definition) -> list[str]:
    before, after = _jobs(old), _jobs(new)
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def _jobs(definition: Definition) -> dict[str, JsonValue]:
    jobs = canonical(definition.pipeline)["jobs"]
    return jobs if isinstance(jobs, dict) else {}
