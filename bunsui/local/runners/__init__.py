"""Lambda handlers in warm processes and container tasks as process groups; both outlive the worker."""
