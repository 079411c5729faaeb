"""Bytes on the wire, one folder a protocol. Pure: no sockets, no clock, no opinion on content."""
