"""The solution's side: runs the solution and answers calls. It holds no tests, no expected values, no result channel.

Theory of operation. The first frame on the channel says what to do: `program` (run a file as `__main__`) or `split`: load
`solution.py` as a module, send the names that it defines, then answer requests, one reply for each. Whatever is answered
is only a value; the judge process decides what it means.

    requests  ["call", f, args, kwargs] ["get", x, name] ["set", x, name, v] ["op", name, operands] ["gen", x, how, v]
              ["await", x] ["agen", x, how, v] ["import", name] ["unheard"]
              ["ret", "ok", v] ["ret", "exc", error]     the last two answer a callback
    replies   ["ok", v, changed, warnings] ["same", n, changed, warnings]
              ["exc", names, base, module, args, text, x, traceback, warnings, parts, chain, changed]
              ["no", why]                                                  there is a value, and it cannot cross
              ["cb", n, how, args, kwargs]                                 asks the tests' side for something
    Both end with what is to be said of links, where there is something (see `links`).
"""

import _thread
import builtins
import collections
import json
import linecache
import os
import sys
import types
import warnings

import ambient
import frames
import tables
import values
from links import Links
from operations import OPERATIONS
from solution_links import Answer, AsGiven, Given
from solution_objects import Refs
from solution_program import execute, flush, run_program
from solution_reports import SOURCES, note_warning, report, warned
from test_objects import Callback

CHANNEL = 3
MUTABLE = (list, dict, set, bytearray, collections.deque)
CHANGING = values.CHANGING_TAGS | {"np"}
"""Tags of values that can be changed in place; tables have tags of their own."""
HOLDING = frozenset("t N F".split())
"""Tags of values that may hold such ones."""


REQUESTS = frames.Reader(CHANNEL)
REFS = LINKS = None
UNHEARD = []
"""What threads want to ask and cannot yet."""
LATE = []
"""What was asked while no request was under way, so that the tests heard it when the next one came, or not at all."""
HANDED = []
"""(What both sides have since a function of the tests was called, its form then): it crossed as a copy."""
LOOP = []
"""The event loop, once there is one."""
TURN = _thread.allocate_lock()
"""Whose it is to send and to wait for what comes: one thread at a time, and none while a request is carried out."""
ASKED = []
"""Of each question that is not answered yet a lock that is held until it is, the last one behind: the tests' side answers the
last one first, whichever thread asked it, and waits for no other reply before."""


# ---- the conversation -------------------------------------------------------------------------------------------


def ask(number, how, args=(), kwargs={}):
    """Ask the tests' side and serve it until it has answered."""
    question = ["cb", number, how, values.items(args, REFS, 0), values.pairs(kwargs.items(), REFS, 0)]
    UNHEARD.append(number)
    with TURN:
        UNHEARD.remove(number)
        ASKED.append(_thread.allocate_lock())
        with ASKED[-1]:
            try:
                send(question)
                found, kept, shared = serve()
            finally:
                ASKED.pop()
    given = [x for x in (*args, *kwargs.values()) if type(x) in values.CHANGING]
    HANDED.extend((x, values.encode(x, REFS)) for x, theirs in zip(given, kept) if theirs)
    if shared:
        HANDED.append((found, values.encode(found, REFS)))
    return found


Callback._ask = staticmethod(ask)


def send(tree):
    flush()
    frames.write_all(CHANNEL, frames.frame(b"v", values.dumps(tree)))


def serve():
    """Answer requests; returns (or raises) when a callback of ours was answered. It is our turn when it is called."""
    before = len(ASKED)
    while True:
        try:
            _kind, payload = REQUESTS.frame()
        except frames.Closed:
            os._exit(0)
        request = json.loads(payload)
        if request[0] == "ret":
            return answered(request)
        if not before:
            LATE.extend(UNHEARD)
        TURN.release()
        try:
            answer = reply(request)
        finally:
            take_turn(before)
        send(answer)


def take_turn(before):
    """Wait until nothing is left to answer of what other threads asked meanwhile."""
    TURN.acquire()
    while len(ASKED) > before:
        other = ASKED[before]
        TURN.release()
        with other:
            pass
        TURN.acquire()


def answered(request):
    found = values.decode(request[2], REFS)
    if request[1] == "ok":
        return found, *request[3:]
    raise found


def reply(request):
    """The reply to one request, with what is to be said of links."""
    said = request.pop() if type(request[-1]) is dict else {}
    try:
        found, new = outcome(request, said)
    except values.Refused as error:
        found, new = ["no", str(error)], []
    news = LINKS.said(new)
    LINKS.told()
    try:
        refuse_changes()
        ambient.refuse_changes()
        own = REFS.own.said(LINKS)
    except values.Refused as error:
        return ["no", str(error)]
    news |= {"own": own} if own else {}
    if threads_run():
        news["threads"] = True
    return [*found, news] if news else found


def threads_run():
    """Whether the solution has threads of its own, which may ask the tests' side for something when nobody hears them."""
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def refuse_changes():
    """Raises Refused where the solution has changed what it handed to a function of the tests, or got of one, and both have."""
    still = []
    for x, was in HANDED:
        LINKS.left -= 2 * len(x)
        if LINKS.left <= 0 or values.encode(x, REFS) != was:
            raise values.Refused(
                "the solution changes what it shares with a function or an object of the tests"
            )
        if sys.getrefcount(x) > HELD:
            still.append((x, was))
    HANDED[:] = still


HELD = 3
"""References of what only `HANDED` has, as `refuse_changes` counts them."""


def outcome(request, said):
    """(What came of a request, what begins to be a link.) Every exception of the solution is data here, whatever its class."""
    given, before, args = Given(REFS, LINKS), [], None
    try:
        before = OPERANDS.get(request[0], nothing)(request)
        args = read(said, before, given)
        return answer(request, before, args, given)
    except values.Refused:
        raise
    except BaseException as error:
        if args is None and not isinstance(error, MemoryError):  # it did not reach the solution's code
            raise values.Refused("what the tests hand over cannot be read there") from error
        return raised(error, request, before, args or [], given)


def read(said, before, given):
    """The operands of a request, once all that changed on the tests' side is so here."""
    if said:
        ambient.become(said)
    for number, content in said.get("changed", ()):
        LINKS.become(number, content)
    args = values.values(before, given, 0)
    given.begin(args)
    LINKS.gone(said)
    return args


def raised(error, request, before, args, given):
    """(The reply that carries an exception, what begins to be a link.)"""
    told, changed = Answer(REFS, LINKS, given.places()), None
    if request[0] == "call" and args:
        changed = changed_in(before, args, told)
    return [*report(error, REFS), changed], begun("a", given.kept())


def answer(request, before, args, given):
    """(The reply, what begins to be a link.)"""
    result, told = HANDLERS[request[0]](request, args), Answer(REFS, LINKS, given.places())
    changed = changed_in(before, args, told) if request[0] == "call" else None
    if request[0] == "call" and (number := same(result, args)) is not None:
        del result
        return ["same", number, changed, warned()], begun("a", given.kept())
    if type(result) in values.ATOMS or type(result) is int:
        return ["ok", values.encode(result, REFS), changed, warned()], begun("a", given.kept())
    told.begin()
    tree = value_of(request, result, told)
    del result
    new = [*begun("r", told.still_held()), *begun("a", given.kept())]
    named = told.repeated or any(name == "r" for _, name, _ in new)
    return ["ok", ["&", tree] if named else tree, changed, warned()], new


def changed_in(before, args, told):
    """Of each argument what it is now, where it was changed in place; None where none was."""
    if not told.arguments and not any(type(was) is list and can_change(was) for was in before):
        return None
    as_given = AsGiven(REFS, LINKS, told.arguments)
    changed = [now_of(was, x, as_given, told) for was, x in zip(before, args)]
    return changed if any(now is not None for now in changed) else None


def same(result, args):
    """The number of the argument that is the result, as far as it is one that can be changed and is no link."""
    for number, argument in enumerate(args):
        if result is argument and (isinstance(argument, MUTABLE) or is_array(argument)):
            return number if LINKS.number(argument) is None else None
    return None


def begun(name, found):
    """Make links of [(place, object)]; what the tests' side must know of them."""
    if not found or "pandas" in sys.modules or LINKS.left <= 0:  # a table has an order of its own
        return []
    return [[number, name, place] for place, x in found if LINKS.add(number := next(LINKS.fresh), x)]


def nothing(_request):
    return []


def now_of(was, argument, as_given, told):
    """The tree of an argument that was changed in place, with what was in it before by name; None for every other."""
    if type(was) is not list or not can_change(was):
        return None
    now = values.encode(argument, as_given)
    alike = now == was and repr(now) == repr(was)  # 1 == True, 1 == 1.0 and 0.0 == -0.0
    return None if alike else values.encode(argument, told)


def can_change(tree):
    if tree[0] in HOLDING:
        return any(type(part) is list and can_change(part) for part in tree[-1])
    return tree[0] in CHANGING or tree[0] in tables.READERS


def is_array(x):
    """An array of numpy, or a table of pandas."""
    return type(x).__module__.partition(".")[0] in ("numpy", "pandas")


def value_of(request, result, told):
    """An object that the tests constructed stays an object; anything else crosses as its plain value if it has one."""
    constructed = request[0] == "call" and request[1][0] == "h" and request[1][2] == "class"
    own = type(result).__module__ == "solution" and not isinstance(result, Callback)
    if constructed and own and not hasattr(result, "_fields"):
        return REFS.construct(result)
    return values.encode(result, REFS if "pandas" in sys.modules else told)


async def awaited(x):
    return await x


def run_async(awaitable):
    """In one event loop, so that what the solution keeps of it stays good. Raises Refused where a task is left over: it would
    go on while the tests wait for something else."""
    import asyncio  # few programs need it, and it would make every fork slower

    if not LOOP:
        LOOP.append(asyncio.new_event_loop())
    try:
        return LOOP[0].run_until_complete(awaited(awaitable))
    finally:
        if asyncio.all_tasks(LOOP[0]):
            raise values.Refused("the solution has started a task that goes on beside the tests")


def call(function, args, positional, pairs):
    """The keyword arguments' values stand behind the positional ones."""
    names = [values.decode(name, REFS) for name, _ in pairs]
    return function(*args[:positional], **dict(zip(names, args[positional:])))


OPERANDS = {
    "call": lambda r: [*r[2], *(value for _, value in r[3])],
    "set": lambda r: [r[3]],
    "op": lambda r: r[2],
}
"""By request the trees of what the tests give, in the order in which they wrote it."""
HANDLERS = {
    "call": lambda r, args: call(values.decode(r[1], REFS), args, len(r[2]), r[3]),
    "get": lambda r, _: getattr(values.decode(r[1], REFS), r[2]),
    "set": lambda r, args: setattr(values.decode(r[1], REFS), r[2], args[0]),
    "del": lambda r, _: delattr(values.decode(r[1], REFS), r[2]),
    "op": lambda r, args: OPERATIONS[r[1]](*args),
    "gen": lambda r, _: getattr(values.decode(r[1], REFS), r[2])(*values.values(r[3], REFS, 0)),
    "await": lambda r, _: run_async(awaited(values.decode(r[1], REFS))),
    "agen": lambda r, _: run_async(getattr(values.decode(r[1], REFS), r[2])(*values.values(r[3], REFS, 0))),
    "import": lambda r, _: __import__(r[1]),
    "unheard": lambda r, _: LINKS.changed_unheard() or bool(LATE),
    "plain": lambda r, _: plain(values.decode(r[1], REFS)),
    "exit": lambda r, _: leave_context(r),
}


VIEWS = (
    (type({}.keys()), set),
    (type({}.items()), set),
    (types.MappingProxyType, dict),
    (memoryview, bytes),
)


def plain(x):
    """The builtin value of an instance of a subclass of a builtin, and of a view of one."""
    for base, value in (*values.DECAY, *VIEWS):
        if isinstance(x, base):
            return value(x)
    raise TypeError("no plain value")


def leave_context(request):
    manager, name, error = values.decode(request[1], REFS), request[2], values.decode(request[3], REFS)
    return getattr(manager, name)(None if error is None else type(error), error, None)


WARM_SOURCE = """
def failing(items):
    return items[-1]
"""


def warm_up():
    """Use what every run uses, before the fork: the interpreter specialises code as it runs, and writes to its pages."""
    global REFS, LINKS, CHANNEL
    REFS, CHANNEL = Refs(()), os.open("/dev/null", os.O_WRONLY)
    LINKS = Links(REFS, 1)
    function = ["h", 0, "func", ["f", "It does."], "builtins", "function", []]
    REFS.put(lambda *args, **kwargs: (list(args), {"a": 1.5}, None))
    warm = {}
    exec(compile(WARM_SOURCE, "solution.py", "exec"), warm)
    SOURCES["solution.py"] = WARM_SOURCE.encode()
    REFS.put(warm["failing"])
    for _ in range(10):
        send(reply(["call", ["h", 1, *function[2:]], [["l", []]], []]))
        send(reply(["call", function, [1, ["l", [1, ["t", [2.5]]]], "a"], [["k", None]]]))
        send(reply(["call", function, [["d", [["a", 1]]]], []]))
        send(reply(["op", "iter", [1]]))
    os.close(CHANNEL)
    SOURCES.clear()
    linecache.clearcache()
    REFS, LINKS, CHANNEL = None, None, REQUESTS.fd


# ---- what there is to do ---------------------------------------------------------------------------------------


def main():
    sys.stdout.reconfigure(line_buffering=True)
    _kind, payload = REQUESTS.frame()
    job = json.loads(payload)
    if job["do"] == "program":
        os.close(CHANNEL)
        run_program(job)
    else:
        run_split(job)


def run_split(job):
    global REFS, LINKS
    module = types.ModuleType("solution")
    REFS = Refs(job["classes"], module)
    LINKS = Links(REFS, 1)
    module.__file__ = os.path.join(os.getcwd(), "solution.py")
    sys.argv[:] = ["solution.py"]
    sys.modules["solution"] = module
    if job["main"]:
        sys.modules[job["main"]] = module
    sys.path.insert(0, os.getcwd())
    builtins.input = lambda prompt="": ask(-1, "call", (str(prompt),))
    warnings.simplefilter("always")
    warnings.showwarning = note_warning
    loaded = load(module)
    with TURN:
        send(loaded)
        serve()


def load(module):
    try:
        execute("solution.py", module)
        names = {n: x for n, x in module.__dict__.items() if n.isidentifier() and not n.startswith("__")}
        own = {n: REFS.put(x) for n, x in names.items() if isinstance(x, types.FunctionType)}
        modules = [n for n, x in names.items() if isinstance(x, types.ModuleType)]
        return ["ok", ["l", list(names)], None, None, own, modules]
    except BaseException as error:
        return report(error, REFS)
