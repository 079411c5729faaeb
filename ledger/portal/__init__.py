"""The supervisor's portal: what prosecutors see of the logs of the agencies they supervise."""
