"""The keeper of a slot: it builds the room, starts the supervisor in it, and takes everything away when that has ended.

Theory of operation. The host starts the keeper; the keeper starts the supervisor, which takes the host's stream over. When
the host ends, however it ends, the kernel sends the keeper SIGTERM. Then, or when the supervisor ends by itself, the
keeper kills what is left of the slot's uids and removes folder and group. It touches nothing of another uid.
"""

import json
import os
import signal
import subprocess
import sys
import time

import cgroups
import cleaning
import folders
import kernel
import measure
import rooms

OUT_OF_MEMORY = 77
"""Exit status: the kernel has killed for memory in this slot."""


class Keeper:
    """One slot, by its plan (`probe.py` made it, the host chose uids and folder)."""

    def __init__(self, plan):
        self.plan, self.made, self.supervisor = plan, [], 0
        self.uids = range(plan["uids"][0], sum(plan["uids"]))

    def keep(self):
        """Until the supervisor has ended, whoever ended it. The slot is gone when this returns its exit status."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        kernel.end_with_parent(signal.SIGTERM)
        kernel.adopt_orphans()  # of the supervisor, when that is killed: the first process of a pod may wait for nobody
        if os.getppid() != self.plan["host"]:
            return 1
        try:
            return self.run()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.purge()

    def run(self):
        if living(self.uids):
            raise OSError(f"processes of the uids {self.uids} run on this machine")
        if self.plan["cgroup"]:
            self.made = cgroups.make(self.plan["memory_mb"], self.plan["pids"])
            if not self.made:
                raise OSError("the control group that was there cannot be made any more")
        if self.plan["folder"]:
            make_folders(self.plan["folder"])
        if "pid" in self.plan["namespaces"]:
            kernel.unshare(kernel.NEW_PIDS)
        self.supervisor = os.fork()
        if self.supervisor == 0:
            become_supervisor(self.plan, self.made)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)  # the host hears the end of the stream when the supervisor ends
        os.waitpid(self.supervisor, 0)
        return OUT_OF_MEMORY if cgroups.killed(self.made) else 0

    def stop(self):
        if self.supervisor:
            os.kill(self.supervisor, signal.SIGKILL)
        else:
            sys.exit(1)

    def purge(self):
        """Processes, files and groups of this slot."""
        if "pid" not in self.plan["namespaces"]:
            end_all(self.uids)
        if self.plan["folder"]:
            wipe_shared(self.uids)
            wipe(self.plan["folder"])
        cgroups.remove(self.made)


def become_supervisor(plan, made):
    """In the child: into the group, the namespaces and the room, then the supervisor in our place."""
    try:
        kernel.end_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.closerange(3, 4096)
        cgroups.join(made)
        rooms.enter(plan, made)
        kernel.adopt_orphans()
        seeing = (
            () if "mount" in plan["namespaces"] else (kernel.DAC_OVERRIDE,)
        )  # to count files in closed folders
        kernel.keep_only((kernel.SETUID, kernel.SETGID, *seeing))
        os.chdir("/")
        supervisor = rooms.SUPERVISOR if "mount" in plan["namespaces"] else plan["supervisor"]
        argv = [plan["python"], "-I", "-S", "-B", supervisor, *map(str, plan["uids"]), str(plan["number"])]
        os.execve(
            plan["python"],
            argv,
            {"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", **rooms.environment(plan, made)},
        )
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def make_folders(folder):
    """The slot's own: nobody else can list it, everybody can go through."""
    os.mkdir(folder, 0o711)
    for name in ("box", "tmp"):
        os.mkdir(f"{folder}/{name}")
        os.chmod(f"{folder}/{name}", 0o1777)


def living(uids):
    """Uids of the slot that some process has."""
    return {uid for uid in map(measure.uid_of, measure.pids()) if uid in uids}


def end_all(uids, patience_s=5.0):
    """Kill what the uids run, and wait for it, until there is nothing."""
    until = time.monotonic() + patience_s
    while (found := living(uids)) and time.monotonic() < until:
        for uid in found:
            cleaning.as_uid(uid, lambda: None)
        cleaning.reap()
        time.sleep(0.002)


def wipe_shared(uids):
    """What the slot's uids own in folders that others write as well."""
    for place in folders.open_folders(rooms.SHARED_FOLDERS, uids):
        for entry in folders.inside(place):
            if cleaning.owner(entry.path) in uids:
                wipe(entry.path)


def wipe(path):
    """The system's own `rm`: it goes as deep as programs do, and follows no link."""
    subprocess.run(["/bin/rm", "-rf", "--", path], check=False, stdin=subprocess.DEVNULL)


def main(text):
    sys.exit(Keeper(json.loads(text)).keep())
