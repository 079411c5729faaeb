"""Fengcun's data path: wire, statement, policy, rewrite, record, upstream, result, wire."""
