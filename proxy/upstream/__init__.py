"""The database behind the proxy: connecting to it, and knowing what is in it."""
