"""`python -m execfeedback`: the command, by whichever interpreter it is installed for."""

from execfeedback.cli import main

main()
