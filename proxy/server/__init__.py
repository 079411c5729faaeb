"""Sockets, threads, processes: what makes the pure parts serve."""
