"""Which files are the code of a job, and their digest.

The handler's module, what it imports from the project (found by reading the source, transitively),
script files that a command names, with their imports, and the files of the `code:` globs. Paths are
relative to the project, so the digest is the same on every machine.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from bunsui.core.models.pipeline import EcsOperation, Job, LambdaOperation
from bunsui.core.pipeline.handlers import module_file, syntax_tree
from bunsui.errors import NotFound

__all__ = ["code_digest", "code_files"]

_PASSED_OVER = frozenset({"__pycache__", ".git", ".venv"})


def code_digest(project: Path, job: Job) -> str:
    """64 hex characters over the paths and contents of the job's files. Raises NotFound as `code_files`."""
    total = hashlib.sha256()
    for path in code_files(project, job):
        content = hashlib.sha256(_read(project, path)).hexdigest()
        total.update(f"{path}\0{content}\n".encode())
    return total.hexdigest()


def code_files(project: Path, job: Job) -> list[str]:
    """The files, sorted, as paths relative to the project. Raises NotFound when a handler has no file."""
    root = project.resolve()
    found: set[str] = set()
    open_files = [path for operation in job.operations for path in _of_operation(root, operation)]
    while open_files:
        path = open_files.pop()
        if path not in found:
            found.add(path)
            open_files.extend(_imports(root, path))
    return sorted(found | set(_globbed(root, job.code)))


def _of_operation(root: Path, operation: object) -> Iterator[str]:
    if isinstance(operation, LambdaOperation):
        module = operation.handler.partition(":")[0]
        if module_file(root, module) is None:
            raise NotFound(
                f"handler {operation.handler}: the project {root} has no module {module}",
                next_steps=("correct the handler's name, or add the file",),
            )
        yield from _module(root, module)
    elif isinstance(operation, EcsOperation):
        yield from (path for word in operation.command if (path := _script(root, word)))


def _script(root: Path, word: str) -> str:
    """The project's file that a word of a command names, or an empty string."""
    try:
        path = (root / word).resolve()
        return path.relative_to(root).as_posix() if path.is_file() else ""
    except (OSError, ValueError):
        return ""


def _module(root: Path, module: str) -> Iterator[str]:
    """The file of a module, and the `__init__.py` of every package above it."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        path = module_file(root, ".".join(parts[:depth]))
        if path is not None:
            yield path.relative_to(root).as_posix()


def _imports(root: Path, path: str) -> Iterator[str]:
    if not path.endswith(".py"):
        return
    try:
        tree = syntax_tree(_read(root, path))
    except SyntaxError:
        return  # it will fail when it runs; its text counts all the same
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        for module in _imported(node, package):
            yield from _module(root, module)
            # A script's imports are also looked for beside it: Python puts its folder first.
            yield from _module(root, ".".join([*package, module])) if package else ()


def _imported(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        if base:
            yield base
        yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _globbed(root: Path, globs: tuple[str, ...]) -> Iterator[str]:
    for glob in globs:
        for path in root.glob(glob):
            way = path.relative_to(root)
            if path.is_file() and not _PASSED_OVER & set(way.parts):
                yield way.as_posix()


def _read(root: Path, path: str) -> bytes:
    try:
        return (root / path).read_bytes()
    except OSError as exc:
        raise NotFound(f"{path} of the project {root} cannot be read: {exc.strerror}") from None
