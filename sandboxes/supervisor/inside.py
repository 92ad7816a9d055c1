"""From the zygote to the untrusted program: flat lists of named steps.

`prepare` runs once in a zygote; what it sets is inherited by every child: the system call filter, the environment built
from nothing, no groups, no core files, being the first victim when memory runs out. `enter` runs in the child after the
fork, before the first byte of a job is read. Afterwards the child holds descriptors 0-3 only (stdin, stdout, stderr, its
channel), and runs under a uid of its own without any capability, in its directory, with its limits.
"""

import fcntl
import os
import resource
import signal
import sys

import seccomp
import surroundings

CHANNEL = 3
ENVIRONMENT = {
    "PATH": surroundings.PATH,
    "LANG": "C.UTF-8",
    "HOME": surroundings.TMP,
    "TMPDIR": surroundings.TMP,
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}


def prepare():
    set_environment()
    prefer_as_oom_victim()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    os.setgroups([])
    os.umask(0)
    seccomp.install()
    close_the_machine()


def enter(command, fds):
    uid, processes, file_mb, cpu_s, files, name = command
    directory = f"{surroundings.BOX}/" + name.rstrip(b"\0").decode("ascii")
    take_descriptors(fds)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    set_limits(processes, file_mb, cpu_s, files)
    give_up_uid(uid)
    os.chdir(directory)
    reseed()


def close_the_machine():
    """Where files of others can be seen: leave what a program needs and no more."""
    if surroundings.READABLE:
        import landlock

        landlock.restrict(surroundings.READABLE, surroundings.WRITABLE)


def take_descriptors(fds):
    channel, stdin, stdout, stderr = (fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds)
    for target, fd in ((0, stdin), (1, stdout), (2, stderr), (CHANNEL, channel)):
        os.dup2(fd, target, inheritable=target != CHANNEL)
    os.closerange(CHANNEL + 1, 1024)


def prefer_as_oom_victim():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def set_limits(processes, file_mb, cpu_s, files):
    limit = resource.setrlimit
    limit(resource.RLIMIT_NPROC, (processes, processes))
    limit(resource.RLIMIT_FSIZE, (file_mb << 20, file_mb << 20))
    limit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    limit(resource.RLIMIT_NOFILE, (files, files))


def give_up_uid(uid):
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def set_environment():
    os.environ.clear()
    os.environ.update(ENVIRONMENT)


def reseed():
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
