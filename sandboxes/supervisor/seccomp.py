"""The system call filter of every zygote, and so of every child: a deny list on top of the container's own profile.

Denied calls fail with EPERM, so that a program sees an error and not a kill. Sockets stay for AF_UNIX, AF_INET and
AF_INET6 only (the container has no network but loopback). The reasons stand beside the names; sandboxes/README.md has
the whole table. Filters of the right architecture only: a foreign one (x32, 32-bit) is denied whole.
"""

import ctypes
import errno
import os
import struct

from surroundings import CGROUPS, FAMILIES

# name: (x86_64, aarch64); None where the architecture has no such call
DENIED = {
    "ptrace": (101, 117),  # reading or steering another process
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),  # descriptors of another process
    "keyctl": (250, 219),  # keyrings outlive a run: a channel between runs
    "add_key": (248, 217),
    "request_key": (249, 218),
    "shmget": (29, 194),  # System V and POSIX queues outlive a run
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "io_uring_setup": (425, 425),  # does what the filter cannot see
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),  # namespaces give back rights
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "personality": (135, 92),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "ioperm": (173, None),
    "iopl": (172, None),
    "modify_ldt": (154, None),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "memfd_secret": (447, 447),
}
UNCOUNTED = {
    "memfd_create": (319, 279)
}  # memory of no process and no folder: denied where only those are counted
SOCKET = (41, 198)
SOCKETPAIR = (53, 199)
PAIRS = (1, 2, 10)
"""A pair reaches nobody else: these stay where no other socket may be opened."""
CLONE = (56, 220)
CLONE3 = (435, 435)
CLONE_NEW = 0x7E020080  # every CLONE_NEW* flag

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
LOAD, JEQ, JGE, JSET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, DENY, NO_CALL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
NUMBER, ARCH, ARGUMENT0 = 0, 4, 16
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER_MODE = 38, 22, 2


def instruction(code, k, yes=0, no=0):
    return struct.pack("HBBI", code, yes, no, k)


def denial(number):
    return [instruction(JEQ, number, 0, 1), instruction(RETURN, DENY)]


def program(machine: str) -> bytes:
    """The filter as BPF instructions for this machine; raises KeyError for an architecture that is not listed."""
    arch, column = ARCHITECTURES[machine]
    code = [
        instruction(LOAD, ARCH),
        instruction(JEQ, arch, 1, 0),
        instruction(RETURN, DENY),
        instruction(LOAD, NUMBER),
    ]
    if machine == "x86_64":  # the x32 numbers
        code += [instruction(JGE, 0x40000000, 0, 1), instruction(RETURN, DENY)]
    for numbers in (DENIED if CGROUPS else DENIED | UNCOUNTED).values():
        if numbers[column] is not None:
            code += denial(numbers[column])
    # clone3 takes its flags from memory, which a filter cannot read: libc falls back to clone
    code += [instruction(JEQ, CLONE3[column], 0, 1), instruction(RETURN, NO_CALL)]
    code += [
        instruction(JEQ, CLONE[column], 0, 4),
        instruction(LOAD, ARGUMENT0),
        instruction(JSET, CLONE_NEW, 0, 1),
        instruction(RETURN, DENY),
        instruction(RETURN, ALLOW),
    ]
    code += only(SOCKET[column], FAMILIES)
    code += only(SOCKETPAIR[column], PAIRS)
    return b"".join([*code, instruction(RETURN, ALLOW)])


def only(call, families):
    """Of this call, the listed families alone; what is another call goes on behind it."""
    found = [instruction(JEQ, call, 0, len(families) + 3), instruction(LOAD, ARGUMENT0)]
    found += [instruction(JEQ, family, len(families) - i, 0) for i, family in enumerate(families)]
    return [*found, instruction(RETURN, DENY), instruction(RETURN, ALLOW)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install():
    """Install the filter in the calling process: what it forks later inherits it. Raises OSError."""
    code = program(os.uname().machine)
    fprog = Program(len(code) // 8, code)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    if prctl(PR_SET_NO_NEW_PRIVS, 1, None, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(fprog), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
