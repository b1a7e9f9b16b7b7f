"""Text of programs and callers stays data: labelled, stripped, capped, redacted, never in a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp import Client, types

from bunsui.core.models.base import Record
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.store import Transaction
from bunsui.core.text import clean
from bunsui_mcp import uris
from bunsui_mcp.concise import FOREIGN
from tests.mcp.connections import LEGACY, answering, document, in_memory, said
from tests.unit.tools.project import Project

RAW: list[Any] = yaml.safe_load(Path(__file__).with_name("injections.yaml").read_text(encoding="utf-8"))
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
LONGEST = 25_000 * 4


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the corpus with its secret, which may be none."""
    for one in RAW:
        if isinstance(one, str):
            yield one, ""
        elif "long" in one:
            yield one["long"] * (300_000 // len(one["long"])), ""
        else:
            yield one["text"].format(secret=one["secret"]), one["secret"]


CORPUS = list(texts())


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60


def plain(text: str) -> str | None:
    """The text as a key, where one may hold it: what cannot be seen is refused there."""
    return text[:200].strip() or None if text[:200].isprintable() else None


async def poisoned(chain: Project, text: str) -> str:
    """A session whose every foreign field holds the text."""
    line = " ".join(text.split("\n"))
    session = await chain.started(tags={"note": line[:200]}, key=plain(line))
    log = f"begin\n{line}\nend\n".encode()
    await chain.play(session, {"fetch": JobStatus.SUCCEEDED, "clean": JobStatus.FAILED}, log=log)
    store = chain.runtime.ports.store
    failed, good = [await store.jobs.job_run(session, "chain", 1, job) for job in ("clean", "fetch")]
    assert failed is not None
    assert good is not None
    run = await store.sessions.run(session, "chain")
    bad: list[Record] = [
        failed.next(failure=Failure(error=text, cause=text), detail=line[:500], stale_reason=line[:500]),
        good.next(output=Payload(value={"said": text}, size=len(text), digest="d" * 64)),
        run.next(output=Payload(value={"said": text}, size=len(text), digest="d" * 64)),
    ]
    await store.commit(Transaction(put=bad))
    return session


def places(value: Any, text: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a document holds the text, or the beginning of it."""
    if isinstance(value, dict):
        for key, part in value.items():
            if text in key:
                yield path
            yield from places(part, text, (*path, key))
    elif isinstance(value, list):
        for part in value:
            yield from places(part, text, path)
    elif isinstance(value, str) and text in value:
        yield path


def check(result: types.CallToolResult, probe: str, secret: str) -> None:
    """The result as a whole: short, clean, without the secret; the text only where it is labelled."""
    whole = result.model_dump_json(by_alias=True)
    assert len(whole) <= LONGEST
    found = document(result)
    for text in strings([said(result), found]):
        assert not CONTROL.search(text), repr(text[:200])
    assert not secret or secret not in whole
    assert probe not in said(result)
    for path in places(found, probe):
        assert set(path) & set(FOREIGN), path
        assert set(path) & set(found["untrusted"]), path


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def probe_of(text: str, secret: str) -> str:
    """The longest run of plain characters in a text, which is what would be seen of it."""
    shown = clean(text).replace(secret, "") if secret else clean(text)
    run = max(re.split(r"[^\w .,:]+", shown[:300]), key=len).strip()[:60]
    return run if len(run) >= 16 else shown[:40].strip() or "approve"


CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("session_list", {}),
    ("session_show", {}),
    ("session_wait", {"timeout": 0}),
    ("job_show", {"job": "clean"}),
    ("job_show", {"job": "fetch"}),
    ("job_logs", {"job": "clean"}),
    ("job_logs", {"job": "clean", "tail": 3}),
    ("audit_list", {}),
    ("approval_list", {"all": True}),
)


@pytest.mark.parametrize(("text", "secret"), CORPUS, ids=range(len(CORPUS)))
async def test_no_text_leaves_its_labelled_field(chain: Project, text: str, secret: str) -> None:
    session, probe = await poisoned(chain, text), probe_of(text, secret)
    async with in_memory(chain.runtime) as client:
        for name, given in CALLS:
            about = {"session": session} if name.startswith(("session_s", "session_w", "job")) else {}
            for format in ({}, {"response_format": "detailed"}):
                asked = {**about, **given, **(format if name in {"session_show", "job_show"} else {})}
                check(await client.call_tool(name, asked), probe, secret)
        log = await client.read_resource(uris.job(session, "chain", "clean", "log"))
        assert not secret or secret not in log.model_dump_json()
        assert probe not in (await client.list_resources()).model_dump_json()


@pytest.mark.parametrize(("text", "secret"), CORPUS, ids=range(len(CORPUS)))
async def test_no_text_reaches_a_question(chain: Project, text: str, secret: str) -> None:
    session, probe, dialogue = await poisoned(chain, text), probe_of(text, secret), answering("decline")
    line = text[:300]
    tag = "note" if "=" in line else plain(line) or "note"
    async with in_memory(chain.runtime, LEGACY, dialogue) as client:
        for name, given in (
            ("session_stop", {"session": session, "reason": line}),
            ("session_rerun", {"session": session, "params": {"month": line}}),
            (
                "session_start",
                {
                    "pipelines": [str(chain.folder)],
                    "tags": {tag: line},
                    "key": plain(line),
                },
            ),
            ("session_accept", {"session": session, "reason": line}),
        ):
            await refused(client, name, given, secret)
    for question in dialogue.asked:
        assert probe not in question
        assert not secret or secret not in question
        assert not CONTROL.search(question)
    assert dialogue.asked or CONTROL.search(line)


async def refused(client: Client, name: str, given: dict[str, Any], secret: str) -> None:
    """Declined, or no good call: in no case done, and in no case with the secret in the answer."""
    result = await client.call_tool(name, given)
    found = document(result)
    if result.is_error:
        assert found["code"] in {"approval_required", "usage", "conflict", "blocked"}
        assert not secret or secret not in result.model_dump_json()


async def test_the_trail_holds_no_secret(chain: Project) -> None:
    for text, secret in CORPUS:
        if secret:
            async with in_memory(chain.runtime, LEGACY, answering("decline")) as client:
                await client.call_tool("session_start", start(chain, text))
    entries = await chain.runtime.ports.store.audit.entries(limit=10_000)
    whole = "\n".join(entry.model_dump_json() for entry in entries)
    assert entries
    assert not [secret for _, secret in CORPUS if secret and secret in whole]


def start(chain: Project, text: str) -> dict[str, Any]:
    return {"pipelines": [str(chain.folder)], "params": {"month": "2019-03"}, "tags": {"note": text[:200]}}
