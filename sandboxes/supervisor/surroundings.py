"""Where a slot lies and what is around it. In a container all is as it stands here: nothing of it is told.

Started on a machine without a container (`sandboxes/local`), the supervisor is told in its environment, and hands that on
to its zygotes.
"""

import os

PREFIX = "EXECFEEDBACK_"


def told(name, default):
    return os.environ.get(PREFIX + name, default)


def all_told():
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}


def words(text):
    return tuple(text.split(os.pathsep)) if text else ()


BOX, TMP = told("BOX", "/box"), told("TMP", "/tmp")
"""The folder of the runs' directories, and the folder for temporary files. Nobody else writes there."""
COMMON = words(told("COMMON", ""))
"""Folders that others of this machine write as well: there, only what the uids of this slot own is ours to remove."""
PLACES = (BOX, TMP, *(p for p in ("/dev/shm", "/dev/mqueue") if p not in COMMON))
"""The slot's own places where a run may leave files."""
UIDS = range(*map(int, words(told("UIDS", "")) or ("0",)))
"""The uids of this slot, where processes of others can be seen; empty where all processes are the slot's."""
SITE = words(told("SITE", "/opt/execfeedback/site"))
HAVE_PANDAS = any(os.path.isdir(f"{folder}/pandas") for folder in SITE)
PATH = told("PATH", "/usr/local/bin:/usr/bin:/bin")
FAMILIES = tuple(int(number) for number in words(told("FAMILIES", "1:2:10")))
"""Families of sockets that a program may open: AF_UNIX, AF_INET, AF_INET6 where there is no network but loopback."""
CGROUPS = words(told("CGROUPS", "/sys/fs/cgroup:/sys/fs/cgroup/memory"))
"""Where the memory of the whole slot, and of nothing else, may be read; empty where the kernel does not count it."""
READABLE, WRITABLE = words(told("READABLE", "")), words(told("WRITABLE", ""))
"""What Landlock leaves open to programs; both empty where it is not used."""
