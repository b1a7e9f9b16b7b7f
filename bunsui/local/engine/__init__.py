"""The engine's log in SQLite: executions, signals, history, commands, and the client's side of it."""
