"""The AWS backend: the only place that imports boto3."""
