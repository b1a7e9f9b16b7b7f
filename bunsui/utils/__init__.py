"""Logging and configuration, and nothing else."""
