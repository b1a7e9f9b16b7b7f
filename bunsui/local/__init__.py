"""The embedded backend: SQLite, files and one worker process per data directory."""
