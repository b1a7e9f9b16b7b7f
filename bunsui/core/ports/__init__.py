"""Protocols between the core and the backends, in domain terms."""
