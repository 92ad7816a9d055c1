"""Gates: one predicate and a reason each. The module `NAME` here is the gate `NAME`; `create` makes it."""
