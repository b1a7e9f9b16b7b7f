"""Tools for executions of plain state machines."""
