"""Who writes: one module a generator, found by its name, with `create(**options) -> Generator`."""
