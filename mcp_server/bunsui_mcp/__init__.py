"""Home of the MCP server. It holds none yet: what it will serve is what `bunsui tool --list` names."""
