"""A control group for a slot, where we may make one: it counts memory and processes, and ends what goes past them."""

import os
import time

ROOT = "/sys/fs/cgroup"
NAME = "execfeedback-"


def parents():
    """(version, folder of our own memory group, folder of our own pids group); None where there is none to write in."""
    with open("/proc/self/cgroup") as file:
        lines = [line.rstrip("\n").split(":", 2) for line in file]
    own = {name: path for _, names, path in lines for name in names.split(",")}
    if os.path.exists(f"{ROOT}/cgroup.controllers"):
        return unified(own.get("", "/"))
    if "memory" not in own:
        return None
    found = [existing(f"{ROOT}/{name}", own.get(name, "/")) for name in ("memory", "pids")]
    return 1, found


def existing(mounted, path):
    """In a container the path in /proc is the engine's, and the mount shows only what is below it."""
    return mounted + path if os.path.isdir(mounted + path) else mounted


def unified(path):
    """Version 2: groups with processes in them have no children that count, but for the root."""
    for folder in (existing(ROOT, path), ROOT):
        if {"memory", "pids"} <= read(f"{folder}/cgroup.subtree_control"):
            return 2, [folder, folder]
    return None


def read(path):
    try:
        with open(path) as file:
            return set(file.read().split())
    except OSError:
        return set()


def make(memory_mb, processes):
    """Folders of a new group, the memory's first; none where we may not make one. We are not in it yet."""
    found = parents()
    if found is None:
        return []
    version, above = found
    made = []
    try:
        for folder in dict.fromkeys(above):
            made.append(f"{folder}/{NAME}{os.getpid()}")
            os.mkdir(made[-1])
        limit(version, made, memory_mb << 20, processes)
    except OSError:
        remove(made)
        return []
    return made


def limit(version, made, memory, processes):
    if version == 1:
        write(f"{made[0]}/memory.limit_in_bytes", memory)
        if os.path.exists(f"{made[0]}/memory.memsw.limit_in_bytes"):
            write(f"{made[0]}/memory.memsw.limit_in_bytes", memory)
    else:
        write(f"{made[0]}/memory.max", memory)
        if os.path.exists(f"{made[0]}/memory.swap.max"):
            write(f"{made[0]}/memory.swap.max", 0)
    write(f"{made[-1]}/pids.max", processes)


def write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


def join(made):
    """Put this process into them; what it starts is in them as well."""
    for folder in made:
        write(f"{folder}/cgroup.procs", 0)


def killed(made):
    """Whether the kernel has killed a process of these groups for memory."""
    for name in ("memory.events", "memory.oom_control") if made else ():
        try:
            with open(f"{made[0]}/{name}") as file:
                facts = dict(line.split() for line in file)
        except OSError:
            continue
        return facts.get("oom_kill", "0") != "0"
    return False


def remove(made, patience_s=2.0):
    """The kernel gives a group up when the last process has left it, which may take a moment."""
    until = time.monotonic() + patience_s
    for folder in made:
        while os.path.isdir(folder) and time.monotonic() < until:
            try:
                os.rmdir(folder)
            except OSError:
                time.sleep(0.01)


def sweep():
    """Groups that a killed keeper left: those that are named after a process that is no more."""
    found = parents()
    for folder in dict.fromkeys(found[1]) if found else ():
        for name in os.listdir(folder):
            if name.startswith(NAME) and not os.path.exists(f"/proc/{name.removeprefix(NAME)}"):
                remove([f"{folder}/{name}"], 0.05)
