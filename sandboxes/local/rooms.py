"""A room: what a slot sees of this machine, as far as the kernel lets us build it.

Theory of operation. With a mount namespace the slot gets a root of its own, in memory and read-only: the system's
programs and libraries, the interpreter, a handful of files of /etc, a few devices, a /proc of its own; runs write to small
folders in memory. That is what an image gives. Without one the slot keeps the machine's root, runs live in a folder that
only we can list, and Landlock, where the kernel has it, closes all files that a program does not need.
"""

import fcntl
import os
import socket
import struct

import kernel

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "nsswitch.conf"),
    *("mime.types", "alternatives", "ssl", "locale.alias", "python3"),
)
DEVICES = ("null", "zero", "full", "random", "urandom")
FACTS = ("cpuinfo", "meminfo", "stat", "filesystems", "uptime", "loadavg", "version", "sys/kernel", "sys/vm")
"""Of /proc, what tells of the machine and not of processes."""
CORES = "/sys/devices/system"
COUNTED = "/sys/fs/cgroup/memory"
"""Where a room shows the slot's own group."""
BOX, TMP, SUPERVISOR = "/box", "/tmp", "/opt/execfeedback/supervisor"
ELSEWHERE = "/opt/execfeedback/machine"
PEOPLE = "root:x:0:0::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"
FLAGS = {
    "mount": kernel.NEW_MOUNTS,
    "pid": kernel.NEW_PIDS,
    "ipc": kernel.NEW_IPC,
    "net": kernel.NEW_NETWORK,
    "uts": kernel.NEW_NAMES,
    "cgroup": kernel.NEW_CGROUP,
}
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/var/lock")


def seen_at(path):
    """Where a room shows what lies at `path` of the machine: elsewhere, if the room has a folder of its own there."""
    hidden = any(path == own or path.startswith(f"{own}/") for own in (BOX, TMP, "/dev", "/proc", "/etc"))
    return f"{ELSEWHERE}{path}" if hidden else path


def interface_up():
    """Loopback of a new network namespace."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH22x", b"lo", 1)
        fcntl.ioctl(any_socket, 0x8914, request)


def enter(plan, cgroups):
    """Everything but the process namespace, which begins with a fork. Raises OSError."""
    granted = set(plan["namespaces"])
    flags = [FLAGS[name] for name in granted - {"pid"}]
    if flags:  # some filters deny the call itself
        kernel.unshare(sum(flags))
    if "net" in granted:
        interface_up()
    if "uts" in granted:
        socket.sethostname("slot")
    if "mount" in granted:
        build(plan, cgroups)


def build(plan, cgroups):
    """A root of our own. `/tmp` is only where it is put together."""
    kernel.mount(None, "/", None, kernel.RECURSIVE | kernel.PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.NO_SUID, "mode=755")
    os.mkdir("/tmp/new")
    os.mkdir("/tmp/old")
    kernel.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    kernel.mount("tmpfs", "/new", "tmpfs", kernel.NO_SUID, "mode=755,size=4m")
    fill("/old", "/new", plan, cgroups)
    os.chdir("/new")
    kernel.pivot_root(".", ".")
    kernel.unmount(".")
    os.chdir("/")
    kernel.restrict_mount("/", kernel.READ_ONLY | kernel.NO_SUID, below=False)


def fill(old, new, plan, cgroups):
    for path in (*SYSTEM, *plan["readable"], CORES):
        bring(old, new, path, seen_at(path))
    bring(old, new, plan["supervisor"], SUPERVISOR)
    os.mkdir(f"{new}/etc")
    for name in ETC:
        bring(old, new, f"/etc/{name}")
    write(f"{new}/etc/passwd", PEOPLE)
    write(f"{new}/etc/group", PEOPLE.replace(":/:/bin/false", ":").replace("::", ":"))
    write(f"{new}/etc/hosts", "127.0.0.1 localhost\n")
    devices(old, new)
    processes(old, new, plan)
    if cgroups:
        bring(old, new, cgroups[0], COUNTED)
    for path in (BOX, TMP, "/dev/shm"):
        in_memory(new + path, plan["disk_mb"])


def bring(old, new, path, target=None):
    """Bind what lies at `path`, read-only; a link stays a link. What is not there is left out."""
    source, place = old + path, new + (target or path)
    if not os.path.lexists(source) or os.path.lexists(place):
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), place)
        return
    if os.path.isdir(source):
        os.mkdir(place)
    else:
        write(place, "")
    kernel.mount(source, place, None, kernel.BIND | kernel.RECURSIVE)
    kernel.restrict_mount(place, kernel.READ_ONLY | kernel.NO_SUID | kernel.NO_DEVICES)


def devices(old, new):
    os.mkdir(f"{new}/dev")
    for name in DEVICES:
        write(f"{new}/dev/{name}", "")
        kernel.mount(f"{old}/dev/{name}", f"{new}/dev/{name}", None, kernel.BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{new}/dev/{name}")


def processes(old, new, plan):
    os.mkdir(f"{new}/proc")
    flags = kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC
    if "pid" in plan["namespaces"]:
        kernel.mount("proc", f"{new}/proc", "proc", flags, "hidepid=invisible")
    else:
        kernel.mount(f"{old}/proc", f"{new}/proc", None, kernel.BIND | kernel.RECURSIVE)


def in_memory(path, size_mb):
    os.makedirs(path, exist_ok=True)
    flags = kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC
    kernel.mount("tmpfs", path, "tmpfs", flags, f"mode=1777,size={size_mb}m,nr_inodes=4096")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def told(plan, cgroups):
    """What the supervisor is told of the room (`supervisor/surroundings.py`)."""
    namespaces = set(plan["namespaces"])
    first, number = plan["uids"]
    shared = {} if "mount" in namespaces else folders(plan)
    networked = {"net", "mount"} <= namespaces
    return {
        "SITE": ":".join(plan["site"]),
        "PATH": ":".join((*plan["bin"], "/usr/local/bin", "/usr/bin", "/bin")),
        "FAMILIES": "1:2:10" if networked else "",
        "UIDS": "" if "pid" in namespaces else f"{first}:{first + number}",
        "CGROUPS": COUNTED if cgroups and not shared else ":".join(cgroups),
        **shared,
        **landlocked(plan, shared),
    }


def environment(plan, cgroups):
    """The same as variables."""
    return {f"EXECFEEDBACK_{name}": value for name, value in told(plan, cgroups).items()}


def folders(plan):
    """Of a slot that keeps the machine's root: folders of its own, and those that it shares."""
    common = [path for path in SHARED_FOLDERS if os.path.isdir(path) and not os.path.islink(path)]
    return {
        "BOX": f"{plan['folder']}/box",
        "TMP": f"{plan['folder']}/tmp",
        "COMMON": ":".join(common),
    }


def landlocked(plan, shared):
    if not plan["landlock"]:
        return {}
    null = [f"/dev/{name}" for name in DEVICES]
    if not shared:
        return {"READABLE": "/", "WRITABLE": ":".join((BOX, TMP, "/dev/shm", *null))}
    facts = ["/proc"] if "pid" in plan["namespaces"] else [f"/proc/{name}" for name in FACTS]
    etc = [f"/etc/{name}" for name in (*ETC, "passwd", "group", "hosts")]
    readable = (*SYSTEM, *plan["readable"], plan["supervisor"], CORES, *etc, *facts)
    writable = (shared["BOX"], shared["TMP"], "/tmp", "/dev/shm", *null)
    return {"READABLE": ":".join(readable), "WRITABLE": ":".join(writable)}
