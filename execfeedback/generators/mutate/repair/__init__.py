"""Repairs faulty code in the sandbox from the feedback alone. Standard library only."""
