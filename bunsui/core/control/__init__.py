"""What happens at the beginning and the end of every job, the same on every backend."""
