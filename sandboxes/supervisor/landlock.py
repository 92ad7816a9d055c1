"""Files by Landlock: what is not listed cannot be opened. For places where the files of a machine can be seen.

The kernel's own interface (Linux 5.13 and later): a ruleset that handles every right this kernel knows, a rule for each
path, and no way back for the process and all that it starts. Newer kernels close connecting over abstract sockets and
signals to processes outside as well. Networks are left to namespaces and to the filter on system calls.
"""

import ctypes
import os
import stat
import struct

CREATE, ADD, RESTRICT = 444, 445, 446
"""Numbers of the calls, the same on x86_64 and aarch64."""
VERSION = 1
EXECUTE, WRITE, READ, READ_FOLDER, TRUNCATE, DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
OF_FILES = EXECUTE | WRITE | READ | TRUNCATE | DEVICE
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Rights on files, by the version from which on the kernel knows them."""
ABSTRACT_AND_SIGNALS = 3
BENEATH = struct.Struct("=Qi")
LIBC = ctypes.CDLL(None, use_errno=True)


def version():
    """Of the kernel's interface; 0 without one."""
    return max(0, LIBC.syscall(CREATE, None, ctypes.c_size_t(0), VERSION))


def restrict(readable, writable):
    """Leave only these paths, and what is below them, to this process and its children. Raises OSError."""
    known = version()
    rights = RIGHTS[max(v for v in RIGHTS if v <= known)]
    attributes = struct.pack("=QQQ", rights, 0, ABSTRACT_AND_SIGNALS)[: 24 if known >= 6 else 8]
    ruleset = called(CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    for path in readable:
        allow(ruleset, path, EXECUTE | READ | READ_FOLDER)
    for path in writable:
        allow(ruleset, path, rights)
    called(RESTRICT, ruleset, 0)
    os.close(ruleset)


def allow(ruleset, path, rights):
    """A rule for a path; one that is not there needs none."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        rights &= OF_FILES
    called(ADD, ruleset, 1, BENEATH.pack(rights, fd), 0)
    os.close(fd)


def called(number, *arguments):
    found = LIBC.syscall(number, *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return found
