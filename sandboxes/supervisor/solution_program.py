"""A solution that is run as a program, and the one way to run its files: as the interpreter would."""

import atexit
import os
import sys
import types

from solution_reports import SOURCES, trace


def flush():
    """What was printed is in the pipe before anything else is. A stream that the solution broke is its own affair."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError, TypeError):
            continue


def run_program(job):
    """As `python3 FILE ARGS...` would: exit status, traceback and output are the interpreter's."""
    argv = job["argv"]
    sys.argv[:] = argv
    module = types.ModuleType("__main__")
    module.__file__ = argv[0]
    sys.modules["__main__"] = module
    sys.path.insert(0, os.getcwd())
    status = guarded(lambda: execute(argv[0], module))
    try:
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
    finally:
        flush()
        os._exit(status)


def execute(path, module):
    with open(path, "rb") as file:
        SOURCES[path] = source = file.read()
    exec(compile(source, path, "exec"), module.__dict__)


def guarded(run):
    """Exit status of `run`, with the interpreter's own rules for SystemExit and for a traceback."""
    try:
        run()
        return 0
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return (leave.code or 0) & 0xFF
        print(leave.code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.__stderr__.write(trace(error))
        return 1
