"""`execfeedback audit`: which rows of an existing dataset are not what they claim.

rows -> shapes (a row as verify items) -> judging (verdict, checks, exit code) -> findings -> table, files, report
"""
