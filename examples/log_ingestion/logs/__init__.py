"""What the jobs of the log ingestion pipeline share."""
