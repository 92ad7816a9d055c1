"""Grow a code corpus in which every row was proven by execution."""

__version__ = "0.1.0"
