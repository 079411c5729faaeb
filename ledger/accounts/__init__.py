"""Who may come in: passwords, codes, how often they may be tried, and who is in."""
