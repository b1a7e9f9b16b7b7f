"""Tools about pipelines."""
