"""After a run: nothing of it survives, and that is proven. What cannot be proven clean is not used again.

Killing and wiping run in a child under the run's own uid, so that the supervisor needs no capability to do so, and can
harm nothing but the run. Root owns the sticky directories, so plain files directly in them need no such child.
"""

import os
import shutil
import signal
import stat
import sys
import time

import folders
import measure
from surroundings import BOX, COMMON, PLACES, TMP, UIDS

PATIENCE_S = 2
ON_ERROR = "onexc" if sys.version_info >= (3, 12) else "onerror"


def clean(name, uids, expected):
    """Remove every process and file of a run. `expected`: pids that belong to us. True when the slot is proven clean."""
    if strangers(expected) and not killed(uids, expected):
        return False
    if tidy(name):
        return True
    for uid in uids:
        as_uid(uid, lambda: wipe(name))
    return tidy(name) and not strangers(expected)


def strangers(expected):
    found = [pid for pid in measure.pids() if pid not in expected]
    return [pid for pid in found if measure.uid_of(pid) in UIDS] if UIDS else found


def leftovers():
    return [f"{place}/{entry}" for place in places() for entry in entries(place)]


def places():
    """Where a run may leave files."""
    return (*PLACES, *folders.open_folders(COMMON, UIDS)) if COMMON else PLACES


def entries(place):
    """What lies in a place; of one that others write as well, what is this slot's."""
    try:
        found = os.listdir(place)
    except FileNotFoundError:
        return []
    if not COMMON or place.startswith((BOX, TMP)):
        return found
    return [name for name in found if owner(f"{place}/{name}") in UIDS]


def owner(path):
    try:
        return os.lstat(path).st_uid
    except FileNotFoundError:
        return None


def tidy(name):
    """Remove what root can remove by name; True when everything is gone."""
    left, here = False, places()
    for folder in (f"{BOX}/{name}", *here):
        found = entries(folder)
        for entry in found:
            remove(f"{folder}/{entry}")
        left = left or bool(found and folder in here and entries(folder))
    return not left


def remove(path):
    """A file, an empty folder, or a folder that the supervisor made inside a run's, with what it can remove there; anything
    else is left to its owner."""
    try:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(path)
            return
        if found.st_uid == 0 and os.path.dirname(path) not in PLACES:
            for entry in os.listdir(path):
                remove(f"{path}/{entry}")
        os.rmdir(path)
    except OSError:
        return


def killed(uids, expected, patience_s=3.0):
    """Kill every process of the uids, again and again until none is left."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        for uid in uids:
            as_uid(uid, lambda: None)
        reap()
        if not strangers(expected):
            return True
        time.sleep(0.002)
    return False


def as_uid(uid, action):
    """Fork, become `uid`, kill everything else of it (one call takes all, a fork bomb included), then act."""
    pid = os.fork()
    if pid == 0:
        try:
            become(uid)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PATIENCE_S)  # a tree that takes longer to remove costs more than a new slot
            kill_all()
            action()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def is_plain(state):
    return stat.S_ISREG(state.st_mode)


def kill_all():
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return


def wipe(name):
    for place in (f"{BOX}/{name}", *places()):
        for entry in entries(place):
            path = f"{place}/{entry}"
            if os.path.islink(path) or not os.path.isdir(path):
                remove(path)
            else:
                shutil.rmtree(path, **{ON_ERROR: open_up})


def open_up(function, path, _error):
    """A directory without rights: its owner (we) takes them back and tries once more."""
    try:
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700, follow_symlinks=False) if os.path.isdir(path) else None
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)
    except (OSError, NotImplementedError):
        return


def reap():
    """Orphans end as children of process 1; returns the CPU seconds that they used."""
    used = 0.0
    while True:
        try:
            pid, _status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return used
        if not pid:
            return used
        used += usage.ru_utime + usage.ru_stime
