"""Home of the MCP server. It holds no server yet: the tools it will serve are those of `bunsui tool --list`."""
