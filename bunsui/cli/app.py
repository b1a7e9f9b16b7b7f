"""The command line: the table of commands, and the one place where errors become messages and statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from typer._click.exceptions import ClickException, NoArgsIsHelpError
from typer.exceptions import Abort
from typer.main import get_install_completion_arguments

from bunsui.cli.lazy import LazyGroup, Row
from bunsui.cli.options import Globals, split
from bunsui.errors import EXIT_STATUS, BunsuiError, Cancelled, InternalError

_EPILOG = (
    "Every command takes --profile NAME, --config FILE, --data-dir PATH, --color auto|always|never, --quiet "
    "and --debug. Exit status: 0 ok, 1 failed or conflict, 2 usage, 3 not found, 4 not permitted, "
    "5 approval needed or refused, 6 unavailable, 124 timeout, 130 interrupted."
)
_HELP = "Run data pipelines on Step Functions, Lambda and Fargate, or whole on this machine."


def _at(module: str, attribute: str = "command") -> Callable[[], Any]:
    def load() -> Any:
        return getattr(import_module(f"bunsui.cli.{module}"), attribute)()

    return load


def _noun(noun: str) -> Callable[[], Any]:
    def load() -> Any:
        return import_module("bunsui.cli.commands.generated").group(noun)

    return load


_WORK, _LOOK, _SETUP = "Work", "Look into", "Set up"
NOUNS = ("pipeline", "session", "job", "execution", "approval", "audit", "ops")
COMMANDS = {
    "demo": Row("See a pipeline fail, be fixed and be rerun, in a minute.", _at("commands.demo"), _WORK),
    "pipeline": Row("Check, plan and register pipelines.", _noun("pipeline"), _WORK),
    "session": Row("Start, watch, stop and rerun sessions.", _noun("session"), _WORK),
    "execution": Row("Run state machines with mocks.", _at("commands.execution"), _WORK),
    "approval": Row("Decide what was asked.", _at("commands.approval"), _WORK),
    "job": Row("Look at a job and its log.", _noun("job"), _LOOK),
    "audit": Row("Read and verify the audit trail.", _noun("audit"), _LOOK),
    "ops": Row("Check the installation, hold all work, clean up.", _noun("ops"), _SETUP),
    "doctor": Row(
        "Check that bunsui can work here (ops doctor).", _at("commands.generated", "doctor"), _SETUP
    ),
    "mcp": Row("Serve AI assistants over MCP.", _at("commands.mcp"), _SETUP),
    "local": Row("Serve the Step Functions API on this machine.", _at("commands.local"), _SETUP),
    "config": Row("Show and check settings.", _at("commands.config"), _SETUP),
    "tool": Row(
        "Call any tool with JSON, or list them with their schemas.", _at("ai_interface.tool"), _SETUP
    ),
}


def root() -> LazyGroup:
    """The whole command line."""
    group = LazyGroup("bunsui", COMMANDS, help=_HELP, epilog=_EPILOG)
    group.params.extend(get_install_completion_arguments())
    return group


def run(arguments: Sequence[str]) -> int:
    """Run a command line, print what went wrong, and return the exit status."""
    options = Globals()
    try:
        options, rest = split(arguments)
        status = root().main(args=rest, prog_name="bunsui", standalone_mode=False, obj=options)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except BrokenPipeError:
        _close_stdout()
        return 1
    except NoArgsIsHelpError as error:
        print(error.ctx.get_help())
        return 0
    except ClickException as error:
        return _usage(error)
    except (KeyboardInterrupt, Abort):
        return report(Cancelled("interrupted"), options)
    except BunsuiError as error:
        return report(error, options)
    except Exception as error:  # noqa: BLE001  # the outermost edge
        return report(_bug(error), options, cause=error)


def report(error: BunsuiError, options: Globals, cause: BaseException | None = None) -> int:
    """Say what was wrong and what to do, on standard error; with `--debug` also where."""
    from bunsui.cli.text import clean

    print(f"{error.code}: {clean(error.message)}", file=sys.stderr)
    for step in error.next_steps:
        print(f"hint: {clean(step)}", file=sys.stderr)
    if options.debug:
        import traceback

        traceback.print_exception(cause or error, file=sys.stderr)
    return EXIT_STATUS[error.code]


def _usage(error: ClickException) -> int:
    context = getattr(error, "ctx", None)
    print(f"usage: {error.format_message()}", file=sys.stderr)
    if context is not None:
        print(f"hint: {context.get_usage().strip().removeprefix('Usage: ')}", file=sys.stderr)
        print(f"hint: {context.command_path} --help", file=sys.stderr)
    return EXIT_STATUS["usage"]


def _bug(error: Exception) -> InternalError:
    text = f"{type(error).__name__}: {error}"
    return InternalError(text, next_steps=["This is a defect of bunsui: repeat with --debug and report it."])


def _close_stdout() -> None:
    """Keep the interpreter from complaining again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
