"""Commands for programs and assistants: any tool, JSON in and JSON out."""
