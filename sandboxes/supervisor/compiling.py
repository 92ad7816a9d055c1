"""Programs that are compiled first: once for all steps of a job, and once for all jobs of a slot that bring the same files.

Theory of operation. The compile steps run as any other program does: under the run's uid, in its directory, with limits.
When all of them end well, what they made is read with that uid's rights and kept here, by the digest of everything
that decided it: files, commands, environment. A later job of the same digest gets it back, owned by root, before its
first step. Only what compiling this very source made comes back, and it was taken before any test ran.
"""

import hashlib
import json
import os

import cleaning
import frames
import steps

MOST_BYTES = 64 << 20
"""Of one program, and of all that are kept."""
MOST_FILES = 2000
DECIDES = "files", "compile", "fresh_seed"


class Cache:
    """Compiled programs, the latest used ones."""

    def __init__(self):
        self.kept, self.bytes, self.is_new = {}, 0, False

    def get(self, key):
        found = self.kept.pop(key, None)
        if found is not None:
            self.kept[key] = found
        return found

    def put(self, key, results, files):
        size = sum(len(content) for _path, content, _runs in files)
        if size > MOST_BYTES:
            return
        self.kept[key] = results, files
        self.bytes, self.is_new = self.bytes + size, True
        while self.bytes > MOST_BYTES:
            _results, oldest = self.kept.pop(next(iter(self.kept)))
            self.bytes -= sum(len(content) for _path, content, _runs in oldest)

    def changed(self):
        """Whether more or less is kept than when this was last asked."""
        changed, self.is_new = self.is_new, False
        return changed


def run(slot, job, place):
    """Facts of the compile steps, and of the others if these ended well."""
    starter = steps.Starter(slot, job, place)
    compiled, ran = made(starter), []
    if all(map(steps.went_well, compiled)):
        ran = steps.run(starter, job["steps"], job["stop_on_failure"], job["total_wall_s"])
    starter.leave()
    return {"compile": compiled, "steps": ran}


def made(starter):
    """Facts of the compile steps, if there are any; what they made lies in the run's directory."""
    slot, job, place = starter.slot, starter.job, starter.place
    if not job["compile"]:
        return []
    key = digest(job)
    if found := slot.compiled.get(key):
        results, files = found
        restore(place, files)
        return results
    results = steps.run(starter, job["compile"], stop_on_failure=True)
    ours = slot.pids() | starter.pids()
    if steps.went_well(results[-1]) and (files := outputs(place, ours)) is not None:
        slot.compiled.put(key, results, files)
    return results


def digest(job):
    return hashlib.sha256(json.dumps([job[name] for name in DECIDES], sort_keys=True).encode()).digest()


def outputs(place, ours):
    """What the run's uid has in its directory, as (path, content, may be run); None where that is not only plain files, or
    too many, or more than we keep. Read with the rights of that uid, of which no process but the runner is left."""
    if cleaning.strangers(ours):
        return None
    os.setegid(place.uids[0])
    os.seteuid(place.uids[0])
    try:
        return contents(place.folder)
    except (OSError, ValueError):
        return None
    finally:
        os.seteuid(0)
        os.setegid(0)


def contents(folder):
    """Every file below the folder that is not root's. Raises ValueError where there is more than we keep."""
    found, total = [], 0
    for path in below(folder):
        fd = os.open(os.path.join(folder, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(fd, "rb") as file:
            state = os.fstat(fd)
            total += state.st_size
            if total > MOST_BYTES:
                raise ValueError(path)
            found.append((path, file.read(), bool(state.st_mode & 0o100)))
    return found


def below(folder):
    """Paths of the run's own plain files. Raises ValueError for anything else of its own but folders."""
    found = []
    for directory, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(directory, name)
            state = os.lstat(path)
            if name in folders and not os.path.islink(path):
                continue
            if not cleaning.is_plain(state):
                raise ValueError(path)
            if state.st_uid != 0:
                found.append(os.path.relpath(path, folder))
    if len(found) > MOST_FILES:
        raise ValueError(folder)
    return found


def restore(place, files):
    """Write what was kept, root's own, into a directory where nothing has run yet."""
    for path, content, runs in files:
        target = os.path.join(place.folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755 if runs else 0o644)
        try:
            frames.write_all(fd, content)
        finally:
            os.close(fd)
