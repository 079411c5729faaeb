"""The way to the database: connections, cancel requests, and what its catalogue holds."""
