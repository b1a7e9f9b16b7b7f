"""`bunsui local serve`: the Step Functions API on this machine."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.options import Globals
from bunsui.errors import UsageError
from bunsui.utils.config import load_settings

if TYPE_CHECKING:
    from bunsui.local.api.serve import Ready, ServeSettings

_SERVE = (
    "Serve the Step Functions API, and the Invoke of Lambda, on a loopback port, over the embedded engine. "
    "State machines and executions are kept in the data directory. Ctrl-C ends the server; executions go on "
    "when it comes back."
)

Port = Annotated[int, typer.Option(metavar="N", help="Port on 127.0.0.1; 0 takes a free one.")]
Token = Annotated[
    str | None,
    typer.Option(metavar="T", help="What callers give as their session token; default: a new one."),
]
NoToken = Annotated[bool, typer.Option("--no-token", help="Let every program on this machine call.")]
FunctionsFile = Annotated[
    Path | None, typer.Option("--functions", metavar="FILE", help="Functions: names and their handlers.")
]
Project = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Take the functions of the pipeline in this folder.")
]
Endpoint = Annotated[
    str | None, typer.Option("--lambda-endpoint", metavar="URL", help="Invoke functions there instead.")
]
MocksFile = Annotated[
    Path | None, typer.Option("--mocks", metavar="FILE", help="Mocks, in bunsui's or in AWS's format.")
]
Objects = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Objects of distributed maps, as BUCKET/KEY.")
]
Scale = Annotated[
    float, typer.Option("--wait-scale", metavar="X", help="Factor for waits and retries; 0 skips them.")
]


def command() -> Any:
    """The group `local`."""
    row = Row("Serve the Step Functions API on this machine.", lambda: leaf("serve", serve, help=_SERVE))
    return LazyGroup("local", {"serve": row}, help="Serve the Step Functions API on this machine.")


def serve(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    port: Port = 8083,
    token: Token = None,
    no_token: NoToken = False,
    functions: FunctionsFile = None,
    project: Project = None,
    endpoint: Endpoint = None,
    mocks: MocksFile = None,
    objects: Objects = None,
    wait_scale: Scale = 1.0,
) -> None:
    """Serve until told to end."""
    from bunsui.local.api.serve import ServeSettings
    from bunsui.local.api.serve import serve as run_server

    if token is not None and no_token:
        raise UsageError("--token and --no-token contradict each other")
    if not 0 <= wait_scale <= 1000:
        raise UsageError("option --wait-scale: must be between 0 and 1000")
    options: Globals = ctx.obj
    settings = load_settings(options.flags)
    given = ServeSettings(
        folder=settings.data_dir / "api",
        port=port,
        token=None if no_token else token or secrets.token_hex(16),
        functions=functions,
        project=project,
        endpoint=endpoint,
        mocks=mocks,
        objects=objects,
        wait_scale=wait_scale,
        python=settings.python,
        environment=dict(os.environ),  # noqa: TID251 - handlers inherit it; nothing is read from it
    )
    asyncio.run(run_server(given, lambda ready: _tell(given, ready, quiet=options.quiet)))


def _tell(settings: ServeSettings, ready: Ready, *, quiet: bool) -> None:
    """What a shell needs to speak to the server on standard output, the rest on standard error."""
    url = f"http://127.0.0.1:{ready.port}"
    print(f"export AWS_ENDPOINT_URL_SFN={url} AWS_ENDPOINT_URL_LAMBDA={url}")
    print("export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1")
    keys = "AWS_ACCESS_KEY_ID=123456789012 AWS_SECRET_ACCESS_KEY=local"
    # SDKs put words such as `sync-` before the host of some operations, which no name server knows here.
    print("export AWS_DISABLE_HOST_PREFIX_INJECTION=true")
    print(f"export {keys} AWS_SESSION_TOKEN={settings.token or 'none'}", flush=True)
    if not quiet:
        resumed = f", {ready.resumed} executions go on" if ready.resumed else ""
        print(f"Serving on {url}{resumed}. Ctrl-C ends.", file=sys.stderr, flush=True)
