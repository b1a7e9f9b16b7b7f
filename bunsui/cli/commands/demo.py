"""`bunsui demo`: the main job on this machine, with a fault that is found, fixed and rerun."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from bunsui.cli.lazy import leaf
from bunsui.cli.options import Globals
from bunsui.cli.runner import call, output_of, run_with
from bunsui.core.models.base import JsonValue
from bunsui.errors import NotFound, RunFailed
from bunsui.tools.runtime import Runtime
from bunsui.utils.config import load_settings

_HELP = (
    "Copy the example taxi_month into a folder, run it with a fault in it, show the cause, and rerun only "
    "what is necessary. Everything stays on this machine."
)
_INTRODUCTION = (
    "A month of taxi trips becomes totals by zone and by hour, in eight jobs. In this copy the job enrich",
    "needs more memory than its definition gives it.",
)


def command() -> Any:
    """The command `demo`."""
    return leaf("demo", demo, help=_HELP)


def demo(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Where the copy goes; default: the data directory."),
    ] = None,
) -> None:
    """Run the main job, step by step."""
    options: Globals = ctx.obj
    project = folder or load_settings(options.flags).data_dir / "demo" / "taxi_month"
    copy_example(project)
    _fault(project, "apply", "memory")
    _tell(*_INTRODUCTION, f"The copy is in {project}.")
    _step(options, ["session", "start", str(project), "--tag", "from=demo", "--wait"], fails=True)
    session = run_with(options, lambda runtime: _newest(runtime, options))
    _tell("enrich was killed for its memory; what needs it never began. What would a rerun with more do?")
    rerun = ["session", "rerun", session, "--override", "enrich.memory=1024"]
    _step(options, [*rerun, "--dry-run"])
    _tell("Only enrich and what depends on it. So be it:")
    _step(options, [*rerun, "--yes", "--wait"])
    _tell(
        "Done. Look around: bunsui session list, bunsui job logs " + session + " enrich, bunsui audit list."
    )


def copy_example(project: Path) -> None:
    """A fresh copy of the example. An earlier copy is replaced; any other folder is left alone.

    Raises NotFound where the installation has no examples, RunFailed for a folder that is something else.
    """
    if project.exists() and not (project / "faults.py").is_file() and any(project.iterdir()):
        raise RunFailed(
            f"{project} is not empty and no copy of the example", next_steps=["name another folder"]
        )
    if project.exists():
        shutil.rmtree(project)
    shutil.copytree(_example(), project, ignore=shutil.ignore_patterns("out", "__pycache__"))


def _example() -> Path:
    package = Path(str(files("bunsui")))
    for folder in (package / "examples" / "taxi_month", package.parent / "examples" / "taxi_month"):
        if folder.is_dir():
            return folder
    raise NotFound("this installation has no examples", next_steps=["clone the repository and run make demo"])


def _fault(project: Path, *words: str) -> None:
    subprocess.run([sys.executable, "faults.py", *words], cwd=project, check=True, capture_output=True)


def _step(options: Globals, words: list[str], *, fails: bool = False) -> None:
    from bunsui.cli.main import INTERRUPTED, main

    shown = " ".join(words)
    print(f"\n$ bunsui {shown}", flush=True)
    flags = [word for name, value in options.flags.items() for word in (f"--{name.replace('_', '-')}", value)]
    status = main([*words, *flags, "--color", "always" if options.colored else "never"])
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    if (status != 0) != fails:
        raise RunFailed(f"the demonstration went another way than it should: status {status} of {shown}")


async def _newest(runtime: Runtime, options: Globals) -> str:
    style = output_of(options, None, json=False).style
    arguments: dict[str, JsonValue] = {"tags": {"from": "demo"}, "limit": 1}
    result = await call(runtime, "session_list", arguments, style)
    document: dict[str, Any] = dict(result.document())
    return str(document["sessions"][0]["id"])


def _tell(*lines: str) -> None:
    print("\n" + "\n".join(lines), flush=True)
