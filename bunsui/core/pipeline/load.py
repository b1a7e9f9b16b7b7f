"""Load pipelines: from YAML, from Python, by name."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline.document import Document, Positions, read_document
from bunsui.core.pipeline.findings import Finding, invalid
from bunsui.core.pipeline.handlers import check_handlers
from bunsui.core.pipeline.meaning import check, check_meaning
from bunsui.core.pipeline.shape import check_shape, way_in
from bunsui.core.pipeline.version import version_hash
from bunsui.core.ports.store import PipelineRecords
from bunsui.errors import DefinitionInvalid, NotFound, UsageError

__all__ = ["FILE_NAME", "LoadedPipeline", "load_document", "load_pipeline", "load_reference"]

FILE_NAME = "pipeline.yaml"


@dataclass(frozen=True)
class LoadedPipeline:
    """A pipeline with the folder of its handlers and the file it came from, `FILE.py:NAME` for Python.

    `executed_code` says that loading it ran Python of the project; `warnings` do not keep it from
    running; `registered` ones were found by name.
    """

    pipeline: Pipeline
    project: Path
    source: Path | None = None
    document: Document = field(
        default_factory=lambda: Document("", None, Positions()), compare=False, repr=False
    )
    warnings: tuple[Finding, ...] = ()
    executed_code: bool = False
    registered: bool = False

    @cached_property
    def version(self) -> str:
        """The hash that names the version."""
        return version_hash(self.pipeline)


def load_pipeline(path: Path | str, *, handlers: bool = True) -> LoadedPipeline:
    """The pipeline of a YAML file, of a folder with a `pipeline.yaml`, or of `FILE.py:NAME`.

    The last one executes the file. With `handlers` the project's source is searched for them.
    Raises NotFound when there is no such file, DefinitionInvalid with every finding.
    """
    file, _, name = str(path).rpartition(":")
    if file.endswith(".py"):
        return _python(Path(file), name, handlers=handlers)
    return load_document(read_document(_file(Path(path))), handlers=handlers)


def load_document(document: Document, *, handlers: bool = True) -> LoadedPipeline:
    """The pipeline in a document that was read. Raises DefinitionInvalid with every finding."""
    source = Path(document.file).resolve()
    pipeline, problems = check_shape(document.value)
    problems += check_meaning(document.value)
    if pipeline is not None and handlers:
        found = check_handlers(pipeline, source.parent)
        problems += [replace(one, path=way_in(one.path, document.value)) for one in found]
    unreadable = document.value is None and document.problems
    findings = document.findings([] if unreadable else problems)
    if pipeline is None or any(finding.severity == "error" for finding in findings):
        raise invalid(findings)
    return LoadedPipeline(pipeline, source.parent, source, document, tuple(findings))


async def load_reference(text: str, pipelines: PipelineRecords) -> LoadedPipeline:
    """What stands for a pipeline on a command line: the name of a registered one, or a path.

    A registered name goes before a folder of the same name. Raises NotFound with what was looked for,
    UsageError for an empty text: whoever gave it meant another folder than this one.
    """
    if not text.strip():
        raise UsageError("an empty text names no pipeline", next_steps=("for this folder give .",))
    if _is_path(text):
        return load_pipeline(text)
    try:
        version = await pipelines.version(text)
    except NotFound:
        if _is_there(text):
            return load_pipeline(text)
        raise NotFound(
            f"there is no pipeline {text!r}: no registered one of that name, and no such file or folder",
            next_steps=("bunsui pipeline list", "give the path of a pipeline.yaml or of its folder"),
        ) from None
    pipeline = Pipeline.model_validate(version.definition)
    source = Path(version.source) if version.source else None
    return LoadedPipeline(pipeline, Path(version.project), source, registered=True)


def _is_path(text: str) -> bool:
    files = (".yaml", ".yml", ".json")
    return "/" in text or "\\" in text or text in {".", ".."} or text.endswith(files) or ".py:" in text


def _is_there(text: str) -> bool:
    """Whether there is such a file or folder, or something in the way that reading it will tell."""
    try:
        return Path(text).exists()
    except OSError:
        return True


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _file(path: Path) -> Path:
    if not _is_folder(path):
        return path
    file = path / FILE_NAME
    if not file.is_file():
        steps = (f"name another folder, or add {FILE_NAME}",)
        raise NotFound(f"the folder {path} has no {FILE_NAME}", next_steps=steps)
    return file


def _python(file: Path, name: str, *, handlers: bool) -> LoadedPipeline:
    pipeline = _executed(file, name)
    findings = check(pipeline)
    if handlers:
        found = Document(str(file), None, Positions())
        findings += found.findings(check_handlers(pipeline, file.resolve().parent))
    if any(finding.severity == "error" for finding in findings):
        raise invalid(findings)
    source = Path(f"{file.resolve()}:{name}")
    return LoadedPipeline(pipeline, source.parent, source, warnings=tuple(findings), executed_code=True)


def _executed(file: Path, name: str) -> Pipeline:
    if not file.is_file():
        raise NotFound(f"there is no file {file}", next_steps=("check the path",))
    spec = importlib.util.spec_from_file_location(f"bunsui_pipeline_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise NotFound(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    with _importing_from(file.resolve().parent):
        try:
            spec.loader.exec_module(module)
        except Exception as exc:
            message = f"{file} cannot be executed: {type(exc).__name__}: {exc}"
            raise DefinitionInvalid(message, next_steps=(f"run it by itself: python {file}",)) from exc
    pipeline = getattr(module, name, None)
    if not isinstance(pipeline, Pipeline):
        message = f"{file} has no Pipeline called {name!r}"
        raise DefinitionInvalid(message, next_steps=("name it as FILE.py:NAME",))
    return pipeline


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let the file import its neighbours, as `python FILE` does."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
