"""Pipelines: load, validate, hash and compile them to the Amazon States Language."""
