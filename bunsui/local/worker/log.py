"""The worker's own log: one JSON object a line, in files that are turned over.

What is logged while a task is carried out says which: session, run, attempt, state, and the execution.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

from bunsui.local.data_dir import unusable
from bunsui.local.engine.executions import ExecutionRecord

LARGEST = 2**20
KEPT = 4
"""How many files of `LARGEST` bytes are kept beside the one that is written."""


def write_to(path: Path, *, largest: int = LARGEST, kept: int = KEPT) -> None:
    """Send everything that is logged in this process to a file. Raises StoreError, StoreFull."""
    try:
        handler = RotatingFileHandler(path, maxBytes=largest, backupCount=kept, encoding="utf-8")
    except OSError as error:
        raise unusable(path, error) from error
    handler.setFormatter(_formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a full disk is not to be told about on a full disk
    structlog.configure(
        processors=[*_COMMON, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def about(record: ExecutionRecord, state: str) -> None:
    """From here on, what this asyncio task logs is about a state of an execution."""
    _ABOUT.set((record, state))


_ABOUT: ContextVar[tuple[ExecutionRecord, str]] = ContextVar("about")


def _place(_logger: object, _method: str, line: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Say what is being carried out: only lines that are written cost anything."""
    record, state = _ABOUT.get((None, ""))
    if record is None:
        return line
    owner = record.owner
    place = {"session": owner.session_id, "run": owner.run_id, "attempt": owner.attempt} if owner else {}
    return {"execution": record.name, "state": state, **place, **line}


_COMMON: list[structlog.typing.Processor] = [
    _place,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_COMMON,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
