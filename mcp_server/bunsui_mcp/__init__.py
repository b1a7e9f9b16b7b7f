"""The MCP server: the registry of tools for AI assistants, over stdio and Streamable HTTP."""
