"""The eight state types; each is compiled once and shared by all executions of its machine."""
