"""What the jobs of the warehouse share."""
