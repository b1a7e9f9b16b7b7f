"""An attempt names the version of a pipeline that it runs: it is there as long as the attempt."""

from __future__ import annotations

import sqlite3

from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.ports.store import Transaction
from bunsui.errors import Conflict
from bunsui.local.sqlite.tables import session_terms

__all__ = ["check_references"]


def check_references(connection: sqlite3.Connection, transaction: Transaction) -> None:
    """Check what a transaction refers to and what it takes away. Raises Conflict, as the port says."""
    for version in transaction.present:
        sql = "SELECT 1 FROM pipeline_versions WHERE name = ? AND hash = ?"
        if connection.execute(sql, (version.name, version.hash)).fetchone() is None:
            raise _conflict(version, "has just been deleted")
    removed = [record for record in transaction.delete if isinstance(record, PipelineVersion)]
    ran = {name: _ran(connection, name) for name in {version.name for version in removed}}
    for version in removed:
        if version.hash in ran[version.name]:
            raise _conflict(version, "is run by a session that has just begun")


def _ran(connection: sqlite3.Connection, name: str) -> set[str]:
    """Hashes of the versions of a pipeline that any session ran."""
    sql = (
        "SELECT DISTINCT a.body ->> '$.definition' FROM session_terms t"
        " JOIN attempts a ON a.session_id = t.session_id WHERE t.term = ?"
    )
    return {str(row[0]) for row in connection.execute(sql, session_terms((name,), {}))}


def _conflict(version: PipelineVersion, why: str) -> Conflict:
    return Conflict(
        f"Version {version.hash[:12]} of pipeline {version.name} {why}",
        next_steps=["Look at its state now, then decide again"],
        details={"pipeline": version.name, "version": version.hash},
    )
