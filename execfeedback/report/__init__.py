"""The report: one HTML page that needs nothing but itself."""

from execfeedback.report.page import render

__all__ = ["render"]
