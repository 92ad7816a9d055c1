"""The sandbox-runner as an HTTP service: our own interface, and dialects that others' clients speak."""
