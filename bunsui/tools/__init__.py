"""Every operation of bunsui as one typed tool, and the one way to invoke it."""
