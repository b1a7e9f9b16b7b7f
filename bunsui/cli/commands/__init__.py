"""Commands by name; those of the tools are generated from the registry."""
