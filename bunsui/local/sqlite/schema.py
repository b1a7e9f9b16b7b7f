"""The tables. A record is its JSON in `body`; the other columns are what queries and versions need.

Step n of `MIGRATIONS` leads from schema n to n + 1. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Final

_RECORDS: Final = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, profile TEXT NOT NULL, key TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_time ON sessions (created_at, id);
CREATE INDEX sessions_by_profile ON sessions (profile, created_at, id);
CREATE INDEX sessions_by_status ON sessions (profile, status, created_at, id);
CREATE INDEX sessions_by_key ON sessions (key, created_at, id) WHERE key IS NOT NULL;
CREATE INDEX sessions_active ON sessions (created_at, id)
    WHERE status IN ('created', 'running', 'paused', 'waiting_approval');
CREATE TABLE session_terms (
    term TEXT NOT NULL, created_at INTEGER NOT NULL, session_id TEXT NOT NULL,
    PRIMARY KEY (term, created_at, session_id)
) WITHOUT ROWID;
CREATE INDEX session_terms_by_session ON session_terms (session_id);
CREATE TABLE key_claims (
    profile TEXT NOT NULL, key TEXT NOT NULL, session_id TEXT NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (profile, key)
) WITHOUT ROWID;
CREATE TABLE runs (
    session_id TEXT NOT NULL, id TEXT NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, id)
) WITHOUT ROWID;
CREATE TABLE attempts (
    session_id TEXT NOT NULL, run_id TEXT NOT NULL, number INTEGER NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, run_id, number)
) WITHOUT ROWID;
CREATE TABLE job_runs (
    session_id TEXT NOT NULL, run_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    job TEXT NOT NULL, item TEXT NOT NULL,
    position INTEGER NOT NULL, number INTEGER,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, run_id, attempt, job, item)
);
CREATE INDEX job_runs_of_attempt ON job_runs (session_id, run_id, attempt, position) WHERE item = '';
CREATE INDEX job_runs_by_number ON job_runs (session_id, run_id, attempt, job, number, item);
CREATE TABLE tries (
    session_id TEXT NOT NULL, run_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    job TEXT NOT NULL, item TEXT NOT NULL,
    operation INTEGER NOT NULL, number INTEGER NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, run_id, attempt, job, item, operation, number)
) WITHOUT ROWID;
CREATE TABLE pipeline_versions (
    name TEXT NOT NULL, hash TEXT NOT NULL, registered INTEGER NOT NULL, registered_at INTEGER NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (name, hash)
);
CREATE INDEX pipeline_versions_by_time ON pipeline_versions (name, registered, registered_at);
CREATE TABLE plans (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, created_at INTEGER NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX plans_by_time ON plans (created_at);
CREATE INDEX plans_by_state ON plans (state, created_at);
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, tool TEXT NOT NULL, subject TEXT, hash TEXT NOT NULL,
    schema_version INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, seq);
CREATE INDEX audit_by_tool ON audit (tool, seq);
CREATE TABLE events (
    session_id TEXT NOT NULL, seq INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)
) WITHOUT ROWID
"""

ENGINE: Final = """
CREATE TABLE machines (digest TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE executions (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, start TEXT NOT NULL,
    session_id TEXT, run_id TEXT, attempt INTEGER, options TEXT NOT NULL,
    status TEXT NOT NULL, output TEXT, error TEXT, cause TEXT,
    created_at INTEGER NOT NULL, ended_at INTEGER, closed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX executions_open ON executions (id) WHERE closed = 0;
CREATE TABLE signals (
    execution INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (execution, first)
);
CREATE TABLE history (
    execution INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (execution, first)
);
CREATE TABLE tokens (token TEXT PRIMARY KEY, execution INTEGER NOT NULL, task TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX tokens_by_execution ON tokens (execution);
CREATE TABLE calls (
    execution INTEGER NOT NULL, task TEXT NOT NULL, lost INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (execution, task)
) WITHOUT ROWID;
CREATE TABLE commands (seq INTEGER PRIMARY KEY AUTOINCREMENT, execution INTEGER NOT NULL, body TEXT NOT NULL)
"""

_LIMITS: Final = """
CREATE TABLE pools (
    profile TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (profile, name)
) WITHOUT ROWID;
CREATE TABLE maintenance (
    profile TEXT PRIMARY KEY, version INTEGER NOT NULL, schema_version INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID
"""

_CACHE: Final = """
ALTER TABLE job_runs ADD COLUMN cache_key TEXT;
CREATE INDEX job_runs_by_cache ON job_runs (cache_key) WHERE cache_key IS NOT NULL
"""

_BY_SESSION: Final = "CREATE INDEX executions_by_session ON executions (session_id)"

_OPEN: Final = """
ALTER TABLE job_runs ADD COLUMN open INTEGER;
UPDATE job_runs SET open = 1
    WHERE item <> '' AND body ->> '$.status' IN ('pending', 'queued', 'running', 'waiting');
CREATE INDEX job_runs_open ON job_runs (session_id, run_id, attempt, job) WHERE open = 1
"""

_BY_PLAN: Final = "CREATE INDEX audit_by_plan ON audit (body ->> '$.plan_id')"

MIGRATIONS: Final = (
    f"{_RECORDS.rstrip()};\n{ENGINE.lstrip()}",
    _LIMITS,
    _CACHE,
    _BY_SESSION,
    _OPEN,
    _BY_PLAN,
)
