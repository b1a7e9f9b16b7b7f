"""The command line, generated from the registry of tools."""
