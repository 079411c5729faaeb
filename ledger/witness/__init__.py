"""The supervisor's witness: cosigns what a log signs, as long as it only grows."""
