"""The supervisor's portal: pages over logs, on the supervisor's own machine."""
