"""Handlers of the log ingestion pipeline."""
