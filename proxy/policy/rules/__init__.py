"""One file a rule, one function ``refuse(facts, context) -> Refusal | None`` in each."""
