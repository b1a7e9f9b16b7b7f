"""Tools about sessions."""
