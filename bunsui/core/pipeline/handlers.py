"""Do the handlers of a pipeline exist? Answered by reading their source, never by importing it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

from bunsui.core.models.pipeline import EcsOperation, Job, LambdaOperation, Pipeline
from bunsui.core.pipeline.findings import KeyPath, Problem, nearest

__all__ = ["check_handlers", "module_file", "syntax_tree"]


def module_file(project: Path, module: str) -> Path | None:
    """The file of a module of the project, None if it has none there."""
    place = project.joinpath(*module.split("."))
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def syntax_tree(source: bytes) -> ast.Module:
    """The syntax tree of a module, without a word about its style. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as exc:
            raise SyntaxError(str(exc)) from None


def check_handlers(pipeline: Pipeline, project: Path) -> list[Problem]:
    """Handlers whose file or function is missing; scripts and files of globs that are, as warnings."""
    problems: list[Problem] = []
    for name, job in pipeline.jobs.items():
        for path, operation in _operations(name, job):
            problems += _operation(path, operation, project)
        problems += _globs(name, job, project)
    return problems


def _globs(name: str, job: Job, project: Path) -> Iterator[Problem]:
    for index, glob in enumerate(job.code):
        if next(project.glob(glob), None) is None:
            message = f"{glob} matches no file of the project"
            yield Problem(path=("jobs", name, "code", index), message=message, severity="warning")


def _operations(name: str, job: Job) -> Iterator[tuple[KeyPath, object]]:
    for index, operation in enumerate(job.operations):
        yield ("jobs", name, "operations", index, operation.kind), operation


def _operation(path: KeyPath, operation: object, project: Path) -> Iterator[Problem]:
    if isinstance(operation, LambdaOperation):
        yield from _handler((*path, "handler"), operation.handler, project)
    elif isinstance(operation, EcsOperation):
        for index, word in enumerate(operation.command):
            if word.endswith(".py") and not (project / word).is_file():
                message = f"there is no file {word} in the project"
                yield Problem(path=(*path, "command", index), message=message, severity="warning")


def _handler(path: KeyPath, handler: str, project: Path) -> Iterator[Problem]:
    module, _, function = handler.partition(":")
    file = module_file(project, module)
    if file is None:
        wanted = module.replace(".", "/") + ".py"
        near = nearest(wanted, _python_files(project))
        yield Problem(path=path, message=f"there is no file {wanted} in {project}", suggestion=near)
        return
    shown = file.relative_to(project).as_posix()
    try:
        names = _defined(syntax_tree(file.read_bytes()))
    except (OSError, SyntaxError) as exc:
        yield Problem(path=path, message=f"{shown} is no Python: {exc}")
        return
    if function not in names and "*" not in names:
        message = f"{shown} defines no {function!r}"
        yield Problem(path=path, message=message, suggestion=nearest(function, names))


def _python_files(project: Path) -> list[str]:
    found = [*project.glob("*.py"), *project.glob("*/*.py")]
    return sorted(path.relative_to(project).as_posix() for path in found)[:1000]


def _defined(tree: ast.Module) -> set[str]:
    """Names that a module has at its top level; `*` if it imports unknown ones."""
    return {name for node in _statements(tree.body) for name in _names(node)}


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        for branch in (
            ("body", "orelse", "finalbody") if isinstance(node, (ast.If, ast.Try, ast.With)) else ()
        ):
            yield from _statements(getattr(node, branch, []))


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        yield from (
            inner.id
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
        )
