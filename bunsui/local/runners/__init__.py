"""Lambda handlers in warm subprocesses and container tasks as process groups, both able to outlive the worker."""
