"""What the security team sees: metrics, health and logs, without a name or a literal in them."""
