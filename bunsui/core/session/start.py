"""Start a session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bunsui.core.control.others import start_runs
from bunsui.core.models.base import JsonValue, Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import JobPlan, RunPlan, SessionPlan, StoredPlan
from bunsui.core.models.session import Run, Session
from bunsui.core.models.status import Action, Reason
from bunsui.core.pipeline import LoadedPipeline, canonical, load_reference
from bunsui.core.pipeline.dag import Dag
from bunsui.core.ports.store import Transaction
from bunsui.core.session.attempts import attempt_of, job_runs_of
from bunsui.core.session.cache import WithCache, with_cache
from bunsui.core.session.confirm import used
from bunsui.core.session.contention import retried
from bunsui.core.session.definitions import Definition
from bunsui.core.session.each import wanted_runs
from bunsui.core.session.keys import check_key, check_words, claim_for
from bunsui.core.session.maintenance import check_maintenance
from bunsui.core.session.outcomes import Done
from bunsui.core.session.pools import check_pools, set_pools
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.selection import params_for
from bunsui.core.session.targets import fingerprints_of
from bunsui.errors import NotFound, UsageError

STRATEGY = "start"


@dataclass(frozen=True, slots=True)
class _NewRun:
    """A run to be: its id, what it runs and with which parameters."""

    id: str
    loaded: LoadedPipeline
    definition: Definition
    params: dict[str, JsonValue]

    async def plan(self, ports: SessionPorts, *, force: bool) -> WithCache:
        jobs = {job: JobPlan(action=Action.RUN, reason=Reason.NEW) for job in self.loaded.pipeline.jobs}
        plan = RunPlan(id=self.id, attempt=1, definition=self.definition.hash, jobs=jobs)
        if force or not any(job.cache for job in self.loaded.pipeline.jobs.values()):
            return WithCache(plan)
        project = str(self.loaded.project)
        marks = await fingerprints_of(ports.code, self.definition, project, self.params)
        return await with_cache(ports, self.definition, project, marks, plan)


async def plan_start(ports: SessionPorts, request: StartRequest) -> SessionPlan:
    """What a start would run: every job of every pipeline, but those whose cached result is taken.

    Raises NotFound, DefinitionInvalid, UsageError for parameters, Conflict for a business key in use.
    """
    return _plan(await _planned(ports, request, await _new_runs(ports, request)))


async def start(
    ports: SessionPorts, request: StartRequest, *, by: str, approved: StoredPlan | None = None
) -> Done[SessionPlan]:
    """Start a session: commit all its records at once, then the executions, which reconcile heals.

    Raises as `plan_start`, UnderMaintenance, and as `used` for the approved plan.
    """
    await check_maintenance(ports.store, request.profile)
    runs = await _new_runs(ports, request)
    cached = await _planned(ports, request, runs)
    plan, at = _plan(cached), ports.clock.now()
    session = Session(
        id=ports.ids.session(),
        profile=request.profile,
        key=request.key,
        tags=dict(request.tags),
        pipelines=tuple(dict.fromkeys(run.loaded.pipeline.name for run in runs)),
        run_ids=tuple(run.id for run in runs),
        max_concurrent_runs=request.max_concurrent_runs,
        created_by=by,
        created_at=at,
        updated_at=at,
    )
    records = [_run(session, new) for new in runs]
    attempts = [
        attempt_of(run, one, by=by, at=at, strategy=STRATEGY, plan_id=approved.id if approved else None)
        for run, one in zip(records, plan.runs, strict=True)
    ]
    jobs = [
        job
        for attempt, one in zip(attempts, cached, strict=True)
        for job in job_runs_of(attempt, {}, one.results_for(attempt))
    ]
    made: list[Record] = [session, *records, *attempts, *jobs, *used(approved, plan, at)]
    await set_pools(ports, request.profile, [run.loaded.pipeline for run in runs])
    await _commit(ports, request, session, made, _versions(ports, runs, by))
    await start_runs(ports.control, session.id)
    return Done(session.id, plan)


async def _new_runs(ports: SessionPorts, request: StartRequest) -> list[_NewRun]:
    if not request.pipelines:
        raise UsageError("Name at least one pipeline to start.")
    check_words(request.key, request.tags)
    loaded = [await load_reference(text, ports.store.pipelines) for text in request.pipelines]
    twice = [name for name, count in Counter(one.pipeline.name for one in loaded).items() if count > 1]
    if twice:
        raise UsageError(
            f"Pipeline {twice[0]} is named twice: a session runs each once.",
            next_steps=["Run it over several values of a parameter with --each NAME=v1,v2"],
            details={"pipeline": twice[0]},
        )
    for one in loaded:
        check_pools(ports, request.profile, one.pipeline)
        await _check_code(ports, one)
    await check_key(ports.store, request.profile, request.key, allow_duplicate=request.allow_duplicate)
    wanted = wanted_runs([one.pipeline for one in loaded], request.each)
    params = params_for(request.params, {one.id: one.pipeline.params for one in wanted})
    definitions = {
        one.pipeline.name: (one, Definition(one.version, one.pipeline, Dag(one.pipeline))) for one in loaded
    }
    return [
        _NewRun(one.id, *definitions[one.pipeline.name], one.checked(params.get(one.id, {})))
        for one in wanted
    ]


async def _check_code(ports: SessionPorts, loaded: LoadedPipeline) -> None:
    """A missing handler is told before anything starts."""
    for job in loaded.pipeline.jobs.values():
        await ports.code.code_of(str(loaded.project), job)


async def _planned(ports: SessionPorts, request: StartRequest, runs: Iterable[_NewRun]) -> list[WithCache]:
    return [await run.plan(ports, force=request.force) for run in runs]


def _plan(planned: Iterable[WithCache]) -> SessionPlan:
    return SessionPlan(runs=tuple(one.plan for one in planned))


def _run(session: Session, new: _NewRun) -> Run:
    return Run(
        session_id=session.id,
        id=new.id,
        pipeline=new.loaded.pipeline.name,
        source=None if new.loaded.registered else str(new.loaded.source),
        project=str(new.loaded.project),
        definition=new.definition.hash,
        params=new.params,
    )


def _versions(ports: SessionPorts, runs: Iterable[_NewRun], by: str) -> list[PipelineVersion]:
    distinct = {new.loaded.pipeline.name: new for new in runs}
    return [
        PipelineVersion(
            name=new.loaded.pipeline.name,
            hash=new.definition.hash,
            definition=canonical(new.loaded.pipeline),
            project=str(new.loaded.project),
            source=str(new.loaded.source) if new.loaded.source else None,
            registered_by=by,
            registered_at=ports.clock.now(),
        )
        for new in distinct.values()
    ]


async def is_kept(ports: SessionPorts, version: PipelineVersion) -> bool:
    """Whether the store has that version."""
    try:
        await ports.store.pipelines.version(version.name, version.hash)
    except NotFound:
        return False
    return True


async def _commit(
    ports: SessionPorts,
    request: StartRequest,
    session: Session,
    made: list[Record],
    versions: list[PipelineVersion],
) -> None:
    """Commit with the claim of the key. Who loses against another start is told to whom."""
    event = SessionEvent(
        session_id=session.id, at=session.created_at, kind="session.created", data={"by": session.created_by}
    )

    async def step() -> None:
        claim = await claim_for(ports.store, session)
        present = [version for version in versions if await is_kept(ports, version)]
        new = [version for version in versions if version not in present]
        put = [*made, *new, *([claim] if claim else [])]
        duplicate = request.allow_duplicate
        await check_key(ports.store, request.profile, request.key, allow_duplicate=duplicate)
        await ports.store.commit(Transaction(put=put, present=present, events=[event]))

    await retried(step, tries=3)
