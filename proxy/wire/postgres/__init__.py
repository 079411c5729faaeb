"""The PostgreSQL frontend/backend protocol, version 3 (PostgreSQL documentation, chapter 55)."""
