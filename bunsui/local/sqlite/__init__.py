"""Records in one SQLite file: the store port, and the tables of the engine's log."""
