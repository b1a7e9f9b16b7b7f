"""What users need to test their own pipelines: the ports in memory, and time that is told."""
