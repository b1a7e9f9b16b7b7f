"""The worker: the one process of a data directory that carries out executions."""
