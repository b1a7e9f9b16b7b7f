"""Home of the terminal interface. It holds no screen yet: `bunsui session show --watch` follows a session."""
