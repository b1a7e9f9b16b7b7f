"""Lambda handlers, one a job."""
