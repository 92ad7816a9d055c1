"""What became of each test of a suite when it was revised: kept, changed, deleted, skipped, weakened, ... Standard library
only: untrusted tests are parsed in the sandbox, where this package runs as a program (`script.py`); nothing here runs them.
"""
