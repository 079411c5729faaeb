"""Obligations to text, by editing spans of the original."""
