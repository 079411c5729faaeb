"""What agencies' scans found: what ought to be sealed and is not, and what was unsealed."""
