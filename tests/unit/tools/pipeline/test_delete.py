"""Deleting a pipeline: what sessions ran stays, and nobody starts it by name any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.session import Session
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.store import Store, Transaction
from bunsui.errors import ApprovalRequired, Conflict, NotFound, StalePlan
from tests.unit.tools.helpers import MODEL, PERSON, yes
from tests.unit.tools.project import Project, project


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    return project(tmp_path)


async def register(chain: Project) -> str:
    return str((await chain.document("pipeline_register", pipeline=str(chain.folder)))["version"])


def edit(chain: Project) -> None:
    file = chain.folder / "pipeline.yaml"
    file.write_text(file.read_text().replace("default: 5", "default: 6"))


def just_before(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    which: Callable[[Transaction], bool],
    work: Callable[[], Awaitable[object]],
) -> None:
    """Let somebody else do his work between what a caller has read and its commit, once."""
    commit = store.commit

    async def after_the_work(transaction: Transaction) -> None:
        if which(transaction):
            monkeypatch.setattr(store, "commit", commit)
            await work()
        await commit(transaction)

    monkeypatch.setattr(store, "commit", after_the_work)


def deletes(transaction: Transaction) -> bool:
    return any(isinstance(record, PipelineVersion) for record in transaction.delete)


def starts(transaction: Transaction) -> bool:
    return any(isinstance(record, Session) for record in transaction.put)


async def delete(chain: Project) -> dict[str, object]:
    return dict((await chain.call("pipeline_delete", approver=yes(), pipeline="chain")).document())


async def test_what_no_session_ran_is_deleted(chain: Project) -> None:
    version = await register(chain)
    assert (await delete(chain))["deleted"] == [version]
    assert await chain.runtime.ports.store.pipelines.versions("chain") == []
    with pytest.raises(NotFound):
        await delete(chain)


async def test_a_dry_run_says_what_would_go_and_asks_nobody(chain: Project) -> None:
    ran = await register(chain)
    await chain.started()
    edit(chain)
    unused = await register(chain)
    before = await chain.runtime.ports.store.plans.plans()
    shown = await chain.call("pipeline_delete", MODEL, pipeline="chain", dry_run=True)
    document = shown.document()
    assert (document["dry_run"], document["deleted"], document["kept"]) == (True, [unused], [ran])
    assert shown.summary == "chain: 1 version(s) to delete, 1 kept for sessions"
    assert await chain.runtime.ports.store.plans.plans() == before
    assert (await chain.runtime.ports.store.pipelines.version("chain")).hash == unused
    assert (await delete(chain))["dry_run"] is False


async def test_a_version_that_a_session_ran_stays_without_its_name(chain: Project) -> None:
    ran = await register(chain)
    await chain.started()
    edit(chain)
    unused = await register(chain)
    done = await delete(chain)
    assert (done["deleted"], done["kept"]) == ([unused], [ran])
    kept = await chain.runtime.ports.store.pipelines.version("chain", ran)
    assert not kept.registered
    with pytest.raises(NotFound):
        await chain.runtime.ports.store.pipelines.version("chain")


async def test_a_session_started_after_the_question_makes_the_answer_stale(chain: Project) -> None:
    await register(chain)
    with pytest.raises(ApprovalRequired) as caught:
        await chain.call("pipeline_delete", MODEL, pipeline="chain")
    plan = str(caught.value.details["plan_id"])
    await chain.started()
    with pytest.raises(StalePlan):
        await chain.call("pipeline_delete", PERSON, yes(), pipeline="chain", plan_id=plan)


async def test_a_person_is_always_asked(chain: Project) -> None:
    await register(chain)
    with pytest.raises(ApprovalRequired):
        await chain.call("pipeline_delete", pipeline="chain")


@pytest.mark.parametrize("name", ["chain", "no"])
async def test_what_is_not_registered_is_not_found(chain: Project, name: str) -> None:
    await chain.started()
    with pytest.raises(NotFound):
        await chain.call("pipeline_delete", approver=yes(), pipeline=name)


async def test_a_session_that_starts_in_the_same_moment_keeps_its_version(
    chain: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, store = await register(chain), chain.runtime.ports.store
    just_before(monkeypatch, store, deletes, chain.started)
    with pytest.raises(Conflict, match=f"Version {version[:12]} of pipeline chain is run by a session"):
        await delete(chain)
    assert (await store.pipelines.version("chain")).hash == version
    assert (await delete(chain))["kept"] == [version]


async def test_a_session_whose_version_goes_in_the_same_moment_keeps_its_own(
    chain: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, store = await register(chain), chain.runtime.ports.store
    just_before(monkeypatch, store, starts, lambda: delete(chain))
    session = await chain.document("session_start", pipelines=["chain"], params={"month": "2019-03"})
    attempt = await store.sessions.attempt(str(session["id"]), "chain", 1)
    kept = await store.pipelines.version("chain", attempt.definition)
    assert (kept.hash, kept.registered) == (version, False)


async def test_a_rerun_whose_version_goes_in_the_same_moment_is_refused_whole(
    chain: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(chain)
    store = chain.runtime.ports.store
    session = await chain.document("session_start", pipelines=["chain"], params={"month": "2019-03"})
    await chain.play(str(session["id"]), {"fetch": JobStatus.FAILED})
    edit(chain)
    await register(chain)
    just_before(monkeypatch, store, starts, lambda: delete(chain))
    with pytest.raises(Conflict, match="pipeline chain has just been deleted"):
        await chain.call("session_rerun", session=session["id"], definition="current")
    assert [one.number for one in await store.sessions.attempts(str(session["id"]), "chain")] == [1]
    again = await chain.document("session_rerun", session=session["id"], definition="original")
    assert again["plan"]["runs"][0]["attempt"] == 2
