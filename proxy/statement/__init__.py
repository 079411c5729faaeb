"""Text to facts: what a statement reads and writes, and where in its text."""
