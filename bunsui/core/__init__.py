"""What bunsui knows without doing any input or output: models, ports, pipelines, sessions, control."""
