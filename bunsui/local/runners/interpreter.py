"""Which Python runs a project's code, and the environment it runs in."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

# These belong to the interpreter that runs bunsui, not to the project's.
FOREIGN = ("PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")


def project_python(project: Path, configured: Path | None = None) -> Path:
    """Return the configured interpreter, else the project's `.venv`, else the current one."""
    if configured is not None:
        return configured
    own = project / ".venv" / "bin" / "python"
    return own if os.access(own, os.X_OK) else Path(sys.executable)


def project_environment(base: Mapping[str, str], python: Path, *first: Path) -> dict[str, str]:
    """Return `base` for a project's process: its Python first on PATH, output unbuffered, UTC as on AWS.

    `first` are folders that come before the interpreter's own.
    """
    env = {name: value for name, value in base.items() if name not in FOREIGN}
    path = [*map(str, first), str(python.parent), env.get("PATH") or os.defpath]
    env |= {"PATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
    if (python.parent.parent / "pyvenv.cfg").is_file():
        env["VIRTUAL_ENV"] = str(python.parent.parent)
    return env


def python_folder(runtime_dir: Path, python: Path) -> Path:
    """Return a folder in which `python` and `python3` are this interpreter, made on first use.

    A link would lose the virtual environment, so they are scripts.
    """
    digest = hashlib.sha256(os.fsencode(python)).hexdigest()[:16]
    folder = runtime_dir / "python" / digest
    for name in ("python", "python3"):
        _write_script(folder / name, python)
    return folder


def _write_script(path: Path, python: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    quoted = "'" + str(python).replace("'", "'\\''") + "'"
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n', encoding="utf-8")
    scratch.chmod(0o755)
    scratch.replace(path)
