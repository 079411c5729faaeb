"""Facts, a principal and the law to one frozen decision."""
