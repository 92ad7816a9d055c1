"""Files of a slot that keeps the machine's root: where they may lie, and how much they hold.

Folders that others write as well, `/tmp` for one, are looked at with the open ones below them. An open folder below one
that is closed to the public is not found; a file that was deleted and is still open is not counted.
"""

import os
import stat

from surroundings import BOX, COMMON, TMP, UIDS

MOST_FILES = 4096
"""As many as the folders of a container take."""
MOST_FOLDERS = 1000
LONGEST_PATH = 4000
"""In characters: what lies deeper cannot be named, so it cannot be counted."""
OPEN = 0o003


def open_folders(roots, uids):
    """These, and those below them that everybody may write and nobody of `uids` owns."""
    found, waiting = [], list(roots)
    while waiting and len(found) < MOST_FOLDERS:
        found.append(waiting.pop())
        for entry in inside(found[-1]):
            facts = status(entry)
            if (
                facts
                and stat.S_ISDIR(facts.st_mode)
                and facts.st_mode & OPEN == OPEN
                and facts.st_uid not in uids
            ):
                waiting.append(entry.path)
    return found


def kept(uid):
    """What `uid` keeps in files, in kB, and whether it is more files, or deeper, than a slot may hold."""
    waiting = [entry for folder in (BOX, TMP, *open_folders(COMMON, UIDS)) for entry in inside(folder)]
    total = seen = 0
    while waiting:
        entry = waiting.pop()
        if seen == MOST_FILES or len(entry.path) > LONGEST_PATH:
            return total, True
        facts = status(entry)
        if facts is None or facts.st_uid not in (0, uid):
            continue
        if facts.st_uid == uid:
            seen += 1
            total += facts.st_blocks // 2
        if stat.S_ISDIR(facts.st_mode) and (facts.st_uid == uid or entry.path.startswith(BOX)):
            waiting += inside(entry.path)
    return total, False


def inside(folder):
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def status(entry):
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None
