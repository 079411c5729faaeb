"""One client's session, without I/O: events in, commands out."""
