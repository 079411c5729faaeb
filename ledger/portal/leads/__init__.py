"""Accesses that a supervisor may want to ask about."""
