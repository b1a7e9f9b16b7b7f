"""What the jobs of the taxi pipeline share."""
