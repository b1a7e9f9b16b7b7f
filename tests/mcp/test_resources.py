"""Resources: listed in pages, read under the policy, watched in both eras; completions of ids."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from mcp import Client, types
from mcp.shared.exceptions import MCPError

from bunsui.core.models.session import Session
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.store import Transaction
from bunsui.tools.policy import Policy, Rule, Verdict
from bunsui_mcp import uris
from bunsui_mcp.serving import server_of
from tests.mcp.connections import ALL, ERAS, LEGACY, MODERN, connected, in_memory, opened
from tests.unit.tools.project import Project

OK, FAILED = JobStatus.SUCCEEDED, JobStatus.FAILED


async def text(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, types.TextResourceContents)
    return content.text


async def failed(chain: Project) -> str:
    await chain.call("pipeline_register", pipeline=str(chain.folder))
    session = await chain.started()
    await chain.play(
        session, {"fetch": OK, "clean": FAILED}, log=b"\x1b[31mno column\x1b[0m\ntoken=abcdef123\n"
    )
    return session


@pytest.mark.parametrize("era", ERAS)
async def test_everything_that_has_an_address_can_be_read(era: str, chain: Project) -> None:
    session = await failed(chain)
    async with in_memory(chain.runtime, era) as client:
        listed = [str(one.uri) for one in (await client.list_resources()).resources]
        assert listed == [
            uris.AUDIT,
            uris.pipeline("chain", "definition"),
            uris.pipeline("chain", "machine"),
            uris.session(session),
        ]
        for uri in listed:
            orjson.loads(await text(client, uri))
        assert (
            orjson.loads(await text(client, uris.pipeline("chain", "machine")))["QueryLanguage"] == "JSONata"
        )
        assert orjson.loads(await text(client, uris.session(session)))["status"] == "failed"
        log = await text(client, uris.job(session, "chain", "clean", "log"))
        assert log.splitlines() == ["no column", "token=***"]
        assert orjson.loads(await text(client, uris.job(session, "chain", "fetch", "output"))) == {
            "path": "x",
            "rows": 3,
        }
        templates = (await client.list_resource_templates()).resource_templates
        assert {one.uri_template for one in templates} == set(uris.TEMPLATES.values())


@pytest.mark.parametrize(
    "uri",
    ["bunsui://nothing", "bunsui://session/none", "bunsui://pipeline/none/machine", "file:///etc/passwd"],
)
async def test_what_is_not_there_is_an_error_with_our_shape(uri: str, chain: Project) -> None:
    async with in_memory(chain.runtime) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.data["code"] == "not_found"


async def test_resources_obey_the_policy_of_their_tools(chain: Project) -> None:
    session = await failed(chain)
    rules = Policy((Rule("session_show", Verdict.DENY), Rule("pipeline_show", Verdict.DENY)))
    async with in_memory(replace(chain.runtime, policy=rules)) as client:
        for uri in (uris.session(session), uris.pipeline("chain", "definition")):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            assert caught.value.data["code"] == "permission_denied"


async def test_sessions_are_listed_in_pages_each_once(chain: Project) -> None:
    now = chain.runtime.ports.clock.now()
    ids = [f"20260101-{number:06}" for number in range(130)]
    sessions = [
        Session(id=one, profile="dev", created_by="ann", created_at=now, updated_at=now) for one in ids
    ]
    await chain.runtime.ports.store.commit(Transaction(put=sessions))
    seen: list[str] = []
    async with in_memory(chain.runtime) as client:
        cursor = None
        while True:
            page = await client.list_resources(cursor=cursor)
            seen += [str(one.uri) for one in page.resources]
            if (cursor := page.next_cursor) is None:
                break
    assert sorted(seen[1:]) == sorted(map(uris.session, ids))


async def ended(chain: Project, session: str) -> None:
    store = chain.runtime.ports.store
    now = await store.sessions.session(session)
    await store.commit(Transaction(put=[now.next(status=Status.STOPPED)]))


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
async def test_a_session_is_watched_in_the_handshake_era(chain: Project) -> None:
    session, told = await chain.started(), asyncio.Event()

    async def heard(message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification) and session in str(message.params.uri):
            told.set()

    server = server_of(chain.runtime, ALL)
    async with Client(server, mode=LEGACY, message_handler=heard) as client:
        await client.subscribe_resource(uris.session(session))
        await ended(chain, session)
        async with asyncio.timeout(5):
            await told.wait()
        await client.unsubscribe_resource(uris.session(session))
        with pytest.raises(MCPError, match="only sessions"):
            await client.subscribe_resource(uris.AUDIT)


async def test_a_session_is_watched_in_the_modern_era(chain: Project) -> None:
    session = await chain.started()
    async with (
        in_memory(chain.runtime, MODERN) as client,
        client.listen(resource_subscriptions=[uris.session(session)]) as events,
    ):
        await ended(chain, session)
        async with asyncio.timeout(5):
            event = await anext(aiter(events))
    assert session in str(event)


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_change_by_another_process_is_told(
    era: str, transport: str, bunsui_command: Path, data_dir: Path
) -> None:
    told = asyncio.Event()

    async def hears(message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            told.set()

    async with (
        opened(data_dir) as runtime,
        connected(transport, bunsui_command, data_dir, era=era, hears=hears) as client,
        AsyncExitStack() as stack,
    ):
        now, store = runtime.ports.clock.now(), runtime.ports.store
        session = Session(id="20260101-a", profile="local", created_by="ann", created_at=now, updated_at=now)
        await store.commit(Transaction(put=[session]))
        uri = uris.session(session.id)
        if era == LEGACY:
            await client.subscribe_resource(uri)
        else:
            events = await stack.enter_async_context(client.listen(resource_subscriptions=[uri]))
        await store.commit(Transaction(put=[session.next(status=Status.STOPPED)]))
        async with asyncio.timeout(10):
            assert await told.wait() if era == LEGACY else session.id in str(await anext(aiter(events)))


@pytest.mark.parametrize("era", ERAS)
async def test_ids_are_completed(era: str, chain: Project) -> None:
    good = await chain.started()
    await chain.play(good, dict.fromkeys(("fetch", "clean", "publish"), OK))
    bad = await failed(chain)
    prompt = types.PromptReference(name="look_into_failure")
    template = types.ResourceTemplateReference(uri=uris.TEMPLATES["log"])
    async with in_memory(chain.runtime, era) as client:
        sessions = await client.complete(prompt, {"name": "session", "value": ""})
        assert sessions.completion.values == [bad, good]
        begun = await client.complete(prompt, {"name": "session", "value": good})
        assert begun.completion.values == [good]
        jobs = await client.complete(
            template, {"name": "job", "value": "c"}, {"session": bad, "run": "chain"}
        )
        assert jobs.completion.values == ["clean"]
        pipelines = await client.complete(prompt, {"name": "pipeline", "value": "ch"})
        assert pipelines.completion.values == ["chain"]
        nothing = await client.complete(prompt, {"name": "change", "value": ""})
        assert nothing.completion.values == []
