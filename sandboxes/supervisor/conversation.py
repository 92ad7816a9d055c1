"""The judge process' end of the conversation with the solution process: one request, one reply, callbacks in between."""

import _thread
import builtins
import sys

import frames
import values

CHANNEL = 3


class SolutionGone(BaseException):
    """The solution process is not there any more. Not an Exception: no test may take it for one of the solution's."""


class CannotJudge(BaseException):
    """The tests want something that two processes cannot give; the item is unverifiable. `reason` is a slug."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class Turn:
    """The lock of the conversation: for one thread, which may take it again. Requests go one after the other, so where several
    threads of the tests make them, what they look for (a lost update, a lock) is not there to be seen."""

    def __init__(self):
        self.inner = _thread.RLock()
        self.callers = set()

    def __enter__(self):
        self.refuse_others()
        self.inner.acquire()

    def __exit__(self, *_error):
        self.inner.release()

    def refuse_others(self):
        me = _thread.get_ident()
        if self.callers != {me} and (threading := sys.modules.get("threading")):
            main = threading.main_thread().ident
            alive = {thread.ident for thread in threading.enumerate()} - {me, main}
            if self.callers & alive:
                TALK.refuse("needs_shared", "several threads of the tests ask the solution at one time")
        self.callers.add(me)


class Conversation:
    """`ask` sends a request and returns the reply's tree. What must not be forgotten is noted here, since tests may
    swallow any exception: `refused`, `gone`, `mutated`, `threads` (the solution has some)."""

    def __init__(self):
        self.replies = frames.Reader(CHANNEL)
        self.lock = Turn()
        self.answer_callback = self.tell_error = self.links = None
        self.refused = None
        self.around = dict
        self.gone = False
        self.mutated = False
        self.threads = False
        self.calls = 0

    def ask(self, tree, news=None):
        """`news`: of links, where it was to be known before the request was written."""
        with self.lock:
            if self.gone:
                raise SolutionGone
            said = {**self.around(), **(self.links.said() if news is None else news)}
            if said:
                tree.append(said)
                self.links.told()
            frames.write_all(CHANNEL, frames.frame(b"c", values.dumps(tree)))
            return self.reply()

    def reply(self):
        """The next reply; answers callbacks and prints what the solution printed meanwhile."""
        while True:
            kind, payload = self.replies.frame()
            if kind == b"o":
                sys.stdout.write(payload.decode("utf-8", "replace"))
            elif kind == b"w":
                sys.stderr.write(payload.decode("utf-8", "replace"))
            elif kind == b"x":
                self.gone = True
                raise SolutionGone
            else:
                tree = values.loads(payload)
                if type(tree) is not list or not tree:
                    raise values.Refused("not a reply")
                if tree[0] != "cb":
                    return tree
                self.answer(tree)

    def answer(self, tree):
        """Run a callback of the tests. An exception in it goes to the solution, as it would in one process."""
        try:
            answer = ["ret", "ok", *self.answer_callback(tree)]
        except Exception as error:
            answer = ["ret", "exc", self.tell_error(error)]
        frames.write_all(CHANNEL, frames.frame(b"c", values.dumps(answer)))

    def refuse(self, reason, message):
        """Note that this cannot be judged here, and stop the test."""
        self.refused = self.refused or (reason, message)
        raise CannotJudge(reason, message)


TALK = Conversation()


def builtin_exception(name):
    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else Exception
