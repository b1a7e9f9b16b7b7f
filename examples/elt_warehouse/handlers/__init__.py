"""The Lambda functions of the warehouse."""
