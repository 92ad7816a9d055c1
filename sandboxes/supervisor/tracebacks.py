"""Tracebacks as people want them: without our own frames, and without reading a file for them.

Python reads the source of a frame with `tokenize`, whose import costs a fresh fork more than the rest of a failed test. Frames
that are not shown are dropped first, and of those that are shown we know the text.
"""

import io
import linecache
import os
import types

NOT_SHOWN = (os.path.dirname(os.path.abspath(__file__)), "<frozen", "/usr/", "/opt/")
"""Where the files of frames lie that are neither the tests' nor the solution's."""


def shown(trace):
    """The chain of a traceback with the frames of tests and solution only, or None."""
    kept = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(NOT_SHOWN):
            kept.append(trace)
        trace = trace.tb_next
    chain = None
    for link in reversed(kept):
        chain = types.TracebackType(chain, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return chain


def remember(name, source):
    """Make the lines of a source known to tracebacks, under the name that it was compiled with."""
    lines = io.StringIO(source, newline=None).readlines()
    linecache.cache[name] = (len(source), None, lines, name)
