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


def fill(place, files, of_tests=()):
    """Place these files. Where the tests have files of their own (`of_tests`, paths) in a folder of the solution's files,
    everybody may put some, and nobody may remove another's."""
    for path, content in files.items():
        write_file(place.folder, path, content)
    for path in of_tests:
        while path := os.path.dirname(path):
            if os.path.isdir(f"{place.folder}/{path}"):
                os.chmod(f"{place.folder}/{path}", 0o1777)
    return place


def write_file(folder, path, content):
    """Place a file that whoever may enter the folder may read. The host has checked that the path stays inside."""
    target = os.path.join(folder, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    data = (
        base64.b64decode(content["base64"])
        if isinstance(content, dict)
        else content.encode("utf-8", "surrogatepass")
    )
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        frames.write_all(fd, data)
    finally:
        os.close(fd)
