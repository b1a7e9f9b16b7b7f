"""The tools about pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.plan import PlanState
from bunsui.core.models.status import JobStatus
from bunsui.errors import ApprovalRequired, DefinitionInvalid, NotFound
from bunsui.tools.pipeline.files import definitions
from tests.unit.tools.helpers import PERSON, yes
from tests.unit.tools.project import PIPELINE, Project

OK = JobStatus.SUCCEEDED
MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}


async def registered(chain: Project) -> dict[str, Any]:
    return await chain.document("pipeline_register", pipeline=str(chain.folder))


def change(chain: Project, old: str, new: str) -> None:
    (chain.folder / "pipeline.yaml").write_text(PIPELINE.replace(old, new))


async def test_a_registered_pipeline_starts_by_name(chain: Project) -> None:
    first = await registered(chain)
    assert (first["name"], first["before"], first["changed"]) == ("chain", None, True)
    document = await chain.document("session_start", pipelines=["chain"], params={"month": "2019-03"})
    assert document["runs"][0]["attempts"][0]["definition"] == first["version"]


async def test_registering_the_same_again_changes_nothing(chain: Project) -> None:
    first = await registered(chain)
    again = await chain.call("pipeline_register", pipeline=str(chain.folder))
    assert again.plan is None
    assert again.document() == {**first, "before": first["version"], "changed": False}


async def test_the_newest_registration_counts(chain: Project) -> None:
    first = await registered(chain)
    change(chain, "default: 5", "default: 6")
    second = await registered(chain)
    assert second["before"] == first["version"]
    listed = await chain.document("pipeline_list")
    assert [(one["name"], one["version"]) for one in listed["pipelines"]] == [("chain", second["version"])]
    shown = await chain.document("pipeline_show", pipeline="chain")
    assert {one["version"] for one in shown["versions"]} == {first["version"], second["version"]}


async def test_show_has_jobs_in_order_and_parameters(chain: Project) -> None:
    shown = await chain.document("pipeline_show", pipeline=str(chain.folder))
    assert [(job["id"], job["needs"]) for job in shown["jobs"]] == [
        ("fetch", []),
        ("clean", ["fetch"]),
        ("publish", ["clean"]),
    ]
    assert [(one["name"], one["required"]) for one in shown["params"]] == [("month", True), ("rows", False)]


async def test_plan_has_the_critical_path_and_learns_durations(chain: Project) -> None:
    given = {"pipeline": str(chain.folder), "params": {"month": "2019-03"}}
    before = await chain.document("pipeline_plan", **given)
    assert before["critical_path"] == ["fetch", "clean", "publish"]
    assert (before["seconds"], before["expected_seconds"]) == ({}, None)
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": OK, "publish": OK})
    after = await chain.document("pipeline_plan", **given)
    assert after["expected_seconds"] == 0.0


async def test_durations_are_known_of_jobs_that_the_newest_attempt_kept(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": JobStatus.FAILED})
    await chain.call("session_rerun", session=session)
    await chain.play(session, {"clean": OK, "publish": OK})
    planned = await chain.document("pipeline_plan", pipeline=str(chain.folder), params={"month": "2019-03"})
    assert set(planned["seconds"]) == {"fetch", "clean", "publish"}
    assert planned["expected_seconds"] == 0.0


async def test_deleting_keeps_what_sessions_ran(chain: Project) -> None:
    first = await registered(chain)
    await chain.started()
    change(chain, "default: 5", "default: 6")
    second = await registered(chain)
    with pytest.raises(ApprovalRequired):
        await chain.call("pipeline_delete", pipeline="chain")
    result = await chain.call("pipeline_delete", PERSON, yes(), pipeline="chain")
    document = result.document()
    assert (document["deleted"], document["kept"]) == ([second["version"]], [first["version"]])
    assert result.plan is not None
    stored = await chain.runtime.ports.store.plans.plan(result.plan.id)
    assert stored.state is PlanState.USED
    assert (await chain.document("pipeline_list"))["pipelines"] == []
    with pytest.raises(NotFound):
        await chain.call("session_start", pipelines=["chain"])
    with pytest.raises(NotFound):
        await chain.call("pipeline_delete", PERSON, yes(), pipeline="chain")


async def test_lists_page_by_name(chain: Project) -> None:
    for number in range(5):
        change(chain, "name: chain", f"name: chain{number}")
        await registered(chain)
    first = await chain.document("pipeline_list", limit=3)
    rest = await chain.document("pipeline_list", limit=3, cursor=first["cursor"])
    names = [one["name"] for one in [*first["pipelines"], *rest["pipelines"]]]
    assert names == [f"chain{number}" for number in range(5)]
    assert (first["complete"], rest["complete"], rest["cursor"]) == (False, True, None)
    assert len((await chain.document("pipeline_list", search="N3"))["pipelines"]) == 1


async def validated(chain: Project, *paths: str, **given: Any) -> dict[str, Any]:
    return await chain.document("pipeline_validate", paths=list(paths), **given)


async def test_a_folder_is_validated_whole(chain: Project) -> None:
    (chain.folder / "sub").mkdir()
    (chain.folder / "sub" / "machine.json").write_text(json.dumps(MACHINE))
    (chain.folder / "sub" / "broken.yaml").write_text("bunsui: 1\njobs: [\n")
    (chain.folder / "compose.yaml").write_text("services: {db: {image: postgres}}\n")
    (chain.folder / ".venv").mkdir()
    (chain.folder / ".venv" / "x.yaml").write_text("jobs: [\n")
    document = await validated(chain, str(chain.folder))
    found = [(one["file"].rsplit("/", 1)[1], one["kind"], one["valid"]) for one in document["files"]]
    assert found == [
        ("broken.yaml", "pipeline", False),
        ("pipeline.yaml", "pipeline", True),
        ("machine.json", "state_machine", True),
    ]
    assert not document["valid"]


async def test_findings_have_place_and_suggestion(chain: Project) -> None:
    change(chain, "lambda: {handler: handlers:clean", "lamda: {handler: handlers:clean")
    document = await validated(chain, str(chain.folder))
    finding = document["files"][0]["findings"][0]
    assert (finding["severity"], finding["line"], finding["suggestion"]) == ("error", 11, "lambda")
    with pytest.raises(DefinitionInvalid):
        await chain.call("pipeline_show", pipeline=str(chain.folder))


async def test_a_state_machine_is_known_by_its_states(chain: Project) -> None:
    path = chain.folder / "pipeline.json"
    path.write_text(json.dumps({"StartAt": "B", "States": MACHINE["States"]}))
    document = await validated(chain, str(path))
    assert document["files"][0]["kind"] == "state_machine"
    assert "MISSING_TRANSITION_TARGET" in document["files"][0]["findings"][0]["message"]


async def test_the_backend_adds_its_rules(chain: Project) -> None:
    change(chain, "handlers:clean,", "handlers:clean, memory: 64,")
    assert (await validated(chain, str(chain.folder)))["valid"]
    document = await validated(chain, str(chain.folder), target="aws")
    assert (document["valid"], document["target"]) == (False, "aws")
    assert "64" in document["files"][0]["findings"][0]["message"]


async def test_findings_are_counted_where_they_are_cut(chain: Project) -> None:
    change(chain, "needs", "needs")
    text = PIPELINE.replace("handler:", "handlr:")
    (chain.folder / "pipeline.yaml").write_text(text)
    document = await validated(chain, str(chain.folder), limit=1)
    assert (len(document["files"][0]["findings"]), document["complete"]) == (1, False)
    assert document["errors"] > 1


async def test_what_is_not_there_is_an_error(chain: Project) -> None:
    (chain.folder / "empty").mkdir()
    for path in ("missing.yaml", str(chain.folder / "empty")):
        with pytest.raises(NotFound):
            await validated(chain, path)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.yaml", "# a note\nbunsui: 1\njobs: {}\n", True),
        ("a.json", '{"StartAt": "A", "States": {}}', True),
        ("a.json", '{"StartAt": "A", "States": {},,}', True),
        ("a.yml", "---\n{bunsui: 1, jobs: {}}\n", True),
        ("schema.json", '{"properties": {"jobs": {"type": "object"}}}', False),
        ("cases.yaml", "- tool: x\n  jobs: [a]\n", False),
        ("stack.yaml", "Resources:\n  M:\n    States: {}\n", False),
    ],
)
def test_a_folder_s_definitions_have_their_keys_at_the_top(
    tmp_path: Path, name: str, text: str, found: bool
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "pipeline.yaml").write_text("bunsui: 1\n", encoding="utf-8")
    assert (str(tmp_path / name) in definitions(str(tmp_path))) is found
