"""`bunsui execution`: the generated commands, and `run` with a live picture and single steps."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.options import Globals
from bunsui.cli.output import Output
from bunsui.errors import Cancelled, UsageError

if TYPE_CHECKING:
    from rich.live import Live

    from bunsui.tools.context import Emit, Progress

REDRAW_SECONDS = 0.1
TALLEST = 200
LONGEST_DATA = 2_000

_STEP = typer.Option("--step", help="Pause at every state: Enter goes on, q quits.", show_default=False)


def command() -> Any:
    """The group `execution`."""
    from bunsui.cli.commands.generated import rows

    run_row = Row("Run a state machine in process, with mocks, in no time.", _run_command)
    return LazyGroup(
        "execution", {**rows("execution"), "run": run_row}, help="Run state machines with mocks."
    )


def _run_command() -> Any:
    from bunsui.cli.parameters import parameters
    from bunsui.tools.execution.run import RUN

    kind = inspect.Parameter.KEYWORD_ONLY
    step = inspect.Parameter("step", kind, default=False, annotation=Annotated[bool, _STEP])
    signature = inspect.Signature([*parameters(RUN), step])
    return leaf("run", run, help=f"{RUN.summary}\n\n{RUN.description}", signature=signature)


def run(**values: Any) -> int:
    """Run the tool with somebody watching, print what came of it, and return the exit status."""
    from bunsui.cli.carry_out import FAILED, show
    from bunsui.cli.parameters import arguments
    from bunsui.cli.runner import call, output_of, run_with
    from bunsui.tools.execution.run import RUN
    from bunsui.tools.runtime import Runtime

    options: Globals = values["ctx"].obj
    output = output_of(options, values["format"], json=values["json"])
    given = arguments(RUN, values)

    async def work(runtime: Runtime) -> int:
        with _watcher(output, step=values["step"]) as watch:
            result = await call(runtime, RUN.name, given, output.style, emit=watch)
        document: dict[str, Any] = dict(result.document())
        show(RUN.name, document, output)
        return 0 if document["status"] == "SUCCEEDED" else FAILED

    return run_with(options, work)


@contextmanager
def _watcher(output: Output, *, step: bool) -> Iterator[Emit]:
    from bunsui.tools.context import silent

    if step:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                "--step needs a terminal", next_steps=["leave it out: the whole path is printed"]
            )
        yield Stepper(output)
    elif output.for_people and not output.quiet and sys.stderr.isatty():
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            yield LivePicture(output, live)
    else:
        yield silent


class Stepper:
    """Shows the input of a state, waits for Enter, and shows its output when it is left."""

    def __init__(self, output: Output) -> None:
        self._output = output

    async def __call__(self, progress: Progress) -> None:
        """Show a state that was entered or left. Raises Cancelled when the person quits."""
        from bunsui.cli.text import clean
        from bunsui.tools.execution.run import Moved

        if not isinstance(progress, Moved):
            return
        step, style = progress.step, self._output.style
        indent = "  " * step.depth
        if step.status != "running":
            print(f"{indent}{style.status(step.status)} {_data(step.output)}", file=sys.stderr)
            return
        print(f"{indent}{style.bold(clean(step.name))} {style.dim(step.kind)}", file=sys.stderr)
        print(f"{indent}input {_data(step.input)}", file=sys.stderr)
        self._ask(indent)

    def _ask(self, indent: str) -> None:
        prompt = self._output.style.dim(f"{indent}Enter: go on, q: quit ")
        print(prompt, end="", file=sys.stderr, flush=True)
        if sys.stdin.readline() != "\n":
            raise Cancelled("the execution was left before its end")


class LivePicture:
    """The tree of states as it grows, gone again at the end."""

    def __init__(self, output: Output, live: Live) -> None:
        self._style = output.style
        self._live = live
        self._due = 0.0

    async def __call__(self, progress: Progress) -> None:
        """Draw the tree anew, a few times a second."""
        from rich.text import Text

        from bunsui.cli.views.execution import state
        from bunsui.tools.execution.run import Moved, state_line

        if not isinstance(progress, Moved) or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + REDRAW_SECONDS
        steps = progress.tracer.tree[-TALLEST:]
        lines = [state(state_line(step, progress.begun).model_dump(), self._style) for step in steps]
        self._live.update(Text.from_ansi("\n".join(lines)), refresh=True)


def _data(text: str | None) -> str:
    from bunsui.cli.text import clean

    shown = clean(text or "")
    return shown if len(shown) <= LONGEST_DATA else f"{shown[:LONGEST_DATA]}…"
