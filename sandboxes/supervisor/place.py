"""The directory and the uids of one run, and the files that are put there."""

import base64
import os

import cleaning
import frames


class Place:
    """The directory and the uids of one run."""

    def __init__(self, uids):
        self.uids, self.name = uids, f"run-{os.urandom(8).hex()}"
        self.folder = f"{cleaning.BOX}/{self.name}"
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o1777)


class Room:
    """A directory inside a run's that the judge uid alone may enter: root's, of the group of that uid."""

    def __init__(self, place):
        self.uids, self.name = place.uids[1:], f"{place.name}/{os.urandom(4).hex()}"
        self.folder = f"{cleaning.BOX}/{self.name}"
        os.setegid(place.uids[1])
        try:
            os.mkdir(self.folder, 0o700)
        finally:
            os.setegid(0)
        os.chmod(self.folder, 0o1770)


def fill(place, files, split=None):
    """Place a job's files. In a split run the solution's sources are for its own uid alone."""
    for path, content in files.items():
        if split and path.endswith(".py") and path not in split["both"]:
            write_source(place, path, content)
        else:
            write_file(place.folder, path, content)
    if split:
        open_folders(place, split["files"])
    return place


def write_source(place, path, content):
    """Of the group of the solution's uid, which may read it and not change it."""
    os.setegid(place.uids[0])
    try:
        write_file(place.folder, path, content, 0o640)
    finally:
        os.setegid(0)


def open_folders(place, of_tests):
    """Where the tests have files of their own in a folder of the solution's files, everybody may put some, and nobody may
    remove another's."""
    for path in of_tests:
        while path := os.path.dirname(path):
            if os.path.isdir(f"{place.folder}/{path}"):
                os.chmod(f"{place.folder}/{path}", 0o1777)


def write_file(folder, path, content, mode=0o644):
    """Place a file that whoever may enter the folder may read. The host has checked that the path stays inside."""
    target = os.path.join(folder, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    data = (
        base64.b64decode(content["base64"])
        if isinstance(content, dict)
        else content.encode("utf-8", "surrogatepass")
    )
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        frames.write_all(fd, data)
    finally:
        os.close(fd)
