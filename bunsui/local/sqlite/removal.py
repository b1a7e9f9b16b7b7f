"""Taking a session out of the database: every row that belongs to it, in the transaction of its record."""

from __future__ import annotations

import sqlite3

from bunsui.errors import Conflict

__all__ = ["remove_session"]

_OF_SESSION = ("session_terms", "key_claims", "runs", "attempts", "job_runs", "tries", "events")
_OF_EXECUTION = ("signals", "history", "tokens", "calls", "commands")
_EXECUTIONS = "(SELECT id FROM executions WHERE session_id = ?)"


def remove_session(connection: sqlite3.Connection, session_id: str) -> None:
    """Remove what belongs to a session. Raises Conflict while an execution or a process of it goes on."""
    _check_quiet(connection, session_id)
    _remove_plans(connection, session_id)
    for table in _OF_EXECUTION:
        connection.execute(f"DELETE FROM {table} WHERE execution IN {_EXECUTIONS}", (session_id,))
    connection.execute("DELETE FROM executions WHERE session_id = ?", (session_id,))
    for table in _OF_SESSION:
        connection.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))


def _check_quiet(connection: sqlite3.Connection, session_id: str) -> None:
    going_on = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM executions WHERE session_id = ? AND closed = 0)"
        f" OR EXISTS (SELECT 1 FROM calls WHERE execution IN {_EXECUTIONS})",
        (session_id, session_id),
    ).fetchone()
    if going_on != (0,):
        raise Conflict(
            f"Session {session_id} is still being ended: a process of it may be running",
            next_steps=["Wait a moment, then call again"],
            details={"session": session_id},
        )


def _remove_plans(connection: sqlite3.Connection, session_id: str) -> None:
    """The plans of its attempts and gates; the audit trail keeps what was decided."""
    connection.execute(
        "DELETE FROM plans WHERE id IN ("
        "SELECT json_extract(body, '$.plan_id') FROM attempts WHERE session_id = ?1"
        " UNION SELECT json_extract(body, '$.gate.plan_id') FROM job_runs WHERE session_id = ?1)",
        (session_id,),
    )
