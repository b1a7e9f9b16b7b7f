"""Lambda handlers of the taxi pipeline."""
