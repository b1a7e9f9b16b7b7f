"""Domain models: frozen, one noun per module."""
