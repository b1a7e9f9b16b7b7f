"""What follows the end of an execution: control closes the attempt, then the execution is done with."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from bunsui.core.control.handle import attempt_ended
from bunsui.core.control.ports import ControlPorts
from bunsui.core.models.payload import Failure
from bunsui.core.ports.engine import EngineExecution
from bunsui.core.session.reducer import ended_status
from bunsui.errors import BunsuiError, NotFound, StoreCorrupt, StoreError
from bunsui.local.engine.executions import ExecutionRecord, Executions, Owner, close
from bunsui.local.worker.ledger import PATIENCE_SECONDS
from bunsui.local.worker.mailbox import Mailbox, Post

log = logging.getLogger(__name__)


class Endings:
    """Deals with ended executions; one that could not be dealt with comes back with the next worker."""

    def __init__(self, ports: ControlPorts, executions: Executions, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._ports = ports
        self._executions = executions

    async def deal_with(self, record: ExecutionRecord) -> None:
        """Close the attempt of an ended execution, waiting out a full disk."""
        while True:
            try:
                await self._close(record)
            except StoreCorrupt:
                raise
            except StoreError as error:
                log.warning("cannot record the end of %s, trying again: %s", record.name, error.message)
                await asyncio.sleep(PATIENCE_SECONDS)
            except BunsuiError as error:
                log.critical("the end of %s is not dealt with: %s", record.name, error.message)
                return
            else:
                return

    async def _close(self, record: ExecutionRecord) -> None:
        ended = self._executions.by_id(record.id)
        if ended is not None and ended.owner is not None:
            await self._tell(ended, ended.owner)
        done = partial(close, execution=record.id)
        self._mailbox.post(Post(execution=record.id, writes=(done,)))

    async def _tell(self, ended: ExecutionRecord, owner: Owner) -> None:
        failure = Failure(error=ended.error, cause=ended.cause or "") if ended.error is not None else None
        status = ended_status(EngineExecution(name=ended.name, status=ended.status, failure=failure))
        try:
            await attempt_ended(self._ports, owner.session_id, owner.run_id, owner.attempt, status, failure)
        except NotFound:
            log.warning("the attempt of %s is gone", ended.name)
