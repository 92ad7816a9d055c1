"""Calls of the kernel that the standard library does not have."""

import ctypes
import os

NEW_MOUNTS, NEW_CGROUP, NEW_NAMES, NEW_IPC, NEW_PIDS, NEW_NETWORK = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
    0x20000000,
    0x40000000,
)
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
DEATH_SIGNAL, SUBREAPER, DROP_BOUND = 1, 36, 24
DAC_OVERRIDE, SETGID, SETUID = 1, 6, 7
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result, doing):
    """Raises OSError saying what was tried."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{doing}: {os.strerror(number)}")


def unshare(flags):
    checked(LIBC.unshare(flags), "unshare")


def mount(source, target, kind, flags=0, options=None):
    given = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    checked(LIBC.mount(*given[:3], ctypes.c_ulong(flags), given[3]), f"mount {target}")


def unmount(target):
    checked(LIBC.umount2(os.fsencode(target), DETACH), f"umount {target}")


def pivot_root(new, old):
    number = PIVOT_ROOT[os.uname().machine]
    checked(LIBC.syscall(number, os.fsencode(new), os.fsencode(old)), "pivot_root")


def restrict_mount(path, flags, below=True):
    """Add flags to a mount, and to all below it."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    call = (AT_FDCWD, os.fsencode(path), AT_RECURSIVE if below else 0, attributes, ctypes.c_size_t(32))
    checked(LIBC.syscall(MOUNT_SETATTR, *call), f"mount_setattr {path}")


def end_with_parent(number):
    """Get this signal when the thread that started us ends. It may have ended already: the caller looks."""
    checked(LIBC.prctl(DEATH_SIGNAL, number, 0, 0, 0), "prctl")


def adopt_orphans():
    checked(LIBC.prctl(SUBREAPER, 1, 0, 0, 0), "prctl")


def keep_only(capabilities):
    """Of all capabilities these stay, from the next exec on. True when the kernel lets us give the others up."""
    results = [LIBC.prctl(DROP_BOUND, number, 0, 0, 0) for number in range(64) if number not in capabilities]
    return results[0] == 0
