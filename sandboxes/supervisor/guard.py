"""What the tests' process may open, load and start. It runs under the tests' uid, but the solution names files, too.

Theory of operation. The interpreter tells an audit hook, installed before the fork, of every file that is opened and every
program that is started, whichever way the tests take. Three things are told apart by the owner of a file:

    code of the solution        tests that load it (a module by its path, one that was planted on their path, a program)
                                would let it speak for them: only one process can do as they say
    a link of the solution      to a file that only the tests may read: it leads nowhere
    anything else               as it is

The solution's own sources belong to its group, and the kernel keeps them from this uid: here it is only said why.
"""

import os
import stat
import sys

from conversation import TALK
from solution_module import OtherModule, SolutionModule

SOLUTION = None
"""The uid of the solution's side; None where nothing is kept apart."""
PLACED = set()
"""Files of the tests' own, by device and number."""
LOADERS = ("<frozen importlib._bootstrap_external>", "<frozen zipimport>", "<frozen runpy>")
SHELLS = ("sh", "bash", "dash")
TEST_MODULES = ("tests", "test_solution", "__main__")
DATA = {
    "builtins": "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple".split(),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "copyreg": ("_reconstructor",),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "numpy": ("dtype", "ndarray"),
    "numpy._core.multiarray": ("_reconstruct", "scalar"),
    "numpy._core.numeric": ("_frombuffer",),
    "uuid": ("UUID",),
}
"""What a pickle of plain values names."""
LINKS = 40
FRAMES = 8


class LinkRefused(PermissionError):
    """The solution's fault, wherever the tests are."""


def start():
    """From now on this process is the tests'."""
    global SOLUTION
    SOLUTION = os.getuid() - 1


def placed(file):
    found = os.fstat(file.fileno())
    PLACED.add((found.st_dev, found.st_ino))


def hook(event, args):
    watch = WATCHED.get(event)
    if watch is not None and SOLUTION is not None:
        watch(*args)


def opened(path, *_how):
    if type(path) is int:
        return
    loading = sys._getframe(2).f_code.co_filename in LOADERS
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        if loading:  # nothing may come to be there before it is read
            raise FileNotFoundError(2, "No such file", path) from None
        return
    if is_source(found) and not by_hypothesis(sys._getframe(2)):
        refuse(path, "read the solution's file")
    if loading and (not trusted(found) or through_link(path)):
        refuse(path, "load what the solution may have written:")
    if found.st_uid == os.getuid() and (linked(found) or through_link(path)):
        raise LinkRefused(13, "a link of the solution to a file of the tests", path)


def is_source(found):
    """Whether a file is one that the kernel keeps from us."""
    return stat.S_ISREG(found.st_mode) and found.st_gid == SOLUTION and found.st_uid == 0


def by_hypothesis(frame):
    """Whether it is Hypothesis that looks for numbers in a source, and goes on without."""
    for _ in range(FRAMES):
        if frame is None or "/hypothesis/" in frame.f_code.co_filename:
            return frame is not None
        frame = frame.f_back
    return False


def trusted(found):
    """Whether nobody of the solution's side could have written this code."""
    if found.st_uid == os.getuid():
        return not found.st_mode & 0o022
    return found.st_uid != SOLUTION


def linked(found):
    return found.st_nlink > 1 and (found.st_dev, found.st_ino) in PLACED


def through_link(path):
    """Whether the way to a file leads over a link that the solution made."""
    left, at = list(reversed(os.path.join(os.getcwd(), os.fsdecode(path)).split("/"))), ""
    for _ in range(len(left) + LINKS):
        if not left:
            return False
        part = left.pop()
        if part == "..":
            at = os.path.dirname(at)
        elif part not in ("", "."):
            at = f"{at}/{part}"
            found = os.lstat(at)
            if stat.S_ISLNK(found.st_mode):
                if found.st_uid == SOLUTION:
                    return True
                to = os.readlink(at)
                left += reversed(to.split("/"))
                at = "" if to.startswith("/") else os.path.dirname(at)
    return True


def imported(_name, path, *_where):
    """An extension module, which is no file to Python."""
    if path is not None and (not trusted(os.stat(path)) or through_link(path)):
        refuse(path, "load what the solution may have written:")


def started(program, argv=(), cwd=None, _env=None):
    """A program that the tests start has their uid. Python looks for modules where the solution may put some; what the
    solution wrote is no program for the tests; and of a script nobody knows what it starts."""
    words = words_of(program, argv)
    if os.path.basename(words[0]) in SHELLS and words[1:2] != ["-c"]:
        refuse(words[0], "start a script with")
    for word in words if os.path.basename(words[0]) in SHELLS else words[:1]:
        if os.path.exists(path := os.path.join(cwd or "", word)) and os.stat(path).st_uid == SOLUTION:
            refuse(word, "start what the solution wrote:")
    if any(os.path.basename(word).startswith("python") for word in words):
        refuse(words[0], "start a program in Python with")
    for word in words[1:]:
        opened(os.path.join(cwd or "", word))


def words_of(program, argv):
    words = [os.fsdecode(word) for word in ([argv] if isinstance(argv, (str, bytes, os.PathLike)) else argv)]
    words = [os.fsdecode(program or words[0]), *words[1:]]
    return [part for word in words for part in word.split() or [""]]


def by_shell(command):
    started(SHELLS[0], [SHELLS[0], "-c", command])


def executed(program, argv, _env=None):
    started(program, argv)


def unpickled(module, name):
    """A pickle calls what it names, and the solution may have written it: plain values, what stands for the solution's own,
    and what the tests define may be named."""
    if name in DATA.get(module, ()) or (
        name.isidentifier() and not name.startswith("_") and defines(module, name)
    ):
        return
    refuse(f"{module}.{name}", "unpickle")


def defines(module, name):
    there = sys.modules.get(module)
    if isinstance(there, (SolutionModule, OtherModule)):
        return True
    return module in TEST_MODULES and getattr(vars(there).get(name), "__module__", None) == module


def refuse(path, what):
    TALK.refuse(
        "needs_shared", f"the tests {what} {os.path.basename(os.fsdecode(path))!r}, beside the solution"
    )


WATCHED = {
    "open": opened,
    "sqlite3.connect": opened,
    "pickle.find_class": unpickled,
    "import": imported,
    "subprocess.Popen": started,
    "os.system": by_shell,
    "os.exec": executed,
    "os.posix_spawn": executed,
}
