"""Amazon States Language: validation, interpreter, TestState. Pure: no I/O, no clock, no threads."""
