"""Tools about jobs."""
