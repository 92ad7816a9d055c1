"""What others in a slot may see of our processes: no command line, and nothing that only a dumpable process shows.

Empty /proc/<pid>/cmdline: everybody in a slot may read it, and a run needs to know nothing of our processes.

The kernel shows what lies between two addresses that a process may set for itself (prctl PR_SET_MM, PR_SET_MM_MAP: the
whole map at once, which needs no capability). All others of the map are given back as they are.
"""

import ctypes
import struct

PR_SET_DUMPABLE, PR_SET_MM, PR_SET_MM_MAP = 4, 35, 14
MAP = struct.Struct("=11QQIi")
"""Code, data, heap, stack, arguments and environment as addresses; no new auxiliary vector; no new executable."""
CODE, STACK, DATA, HEAP, ARGUMENTS, ENVIRONMENT = 26, 28, 45, 47, 48, 50
"""Fields of /proc/self/stat, counted from 1 as proc(5) does."""


def hide():
    """True when the command line of this process is empty now; a kernel without the call leaves it as it is."""
    with open("/proc/self/stat") as file:
        after_name = file.read().rsplit(")", 1)[1].split()
    at = {number: int(field) for number, field in enumerate(after_name[1:], start=4)}
    libc = ctypes.CDLL(None)
    libc.sbrk.restype = ctypes.c_void_p
    code, data, environment = ((at[n], at[n + 1]) for n in (CODE, DATA, ENVIRONMENT))
    heap, start = (at[HEAP], libc.sbrk(0)), at[ARGUMENTS]
    new = MAP.pack(*code, *data, *heap, at[STACK], start, start, *environment, 0, 0, -1)
    return libc.prctl(PR_SET_MM, PR_SET_MM_MAP, new, len(new), 0) == 0


def forbid_dumps():
    """No core file, no ptrace, and /proc/<pid>/{mem,maps,fd,environ} for root of the machine alone, whatever uid asks.
    Raises OSError: nobody runs beside a process of ours that could be read."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl PR_SET_DUMPABLE")
