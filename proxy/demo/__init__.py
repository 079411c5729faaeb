"""``fengcun demo``: an embedded database full of invented people, and a tour of what is hidden."""
