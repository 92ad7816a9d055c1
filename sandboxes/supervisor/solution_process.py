"""The solution's side: runs the solution and answers calls. It holds no tests, no expected values, no result channel.

Theory of operation. The first frame on the channel says what to do: `program` (run a file as `__main__`) or `split`: load
`solution.py` as a module, send the names that it defines, then answer requests, one reply for each. Whatever is answered
is only a value; the judge process decides what it means.

    requests  ["call", f, args, kwargs] ["get", x, name] ["set", x, name, v] ["op", name, operands] ["gen", x, how, v]
              ["await", x] ["import", name] ["ret", "ok", v] ["ret", "exc", error]     the last two answer a callback
    replies   ["ok", v, changed, warnings] ["same", n, changed, warnings]
              ["exc", names, base, module, args, text, x, traceback, warnings, parts]
              ["cb", n, how, args, kwargs]                                 asks the tests' side for something
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

import frames
import tables
import values
from operations import OPERATIONS
from solution_objects import Refs
from solution_program import execute, flush, run_program
from solution_reports import SOURCES, note_warning, report, warned
from test_objects import Callback

CHANNEL = 3
MUTABLE = (list, dict, set, bytearray, collections.deque)
HOLDERS = frozenset({list, tuple, dict, collections.deque, collections.OrderedDict, collections.defaultdict})
CHANGING = values.CHANGING_TAGS | {"np"}
"""Tags of values that can be changed in place; tables have tags of their own."""
HOLDING = frozenset("t N F".split())
"""Tags of values that may hold such ones."""


REQUESTS = frames.Reader(CHANNEL)
REFS = None
TURN = _thread.allocate_lock()
"""Whose it is to send and to wait for what comes: one thread at a time, and none while a request is carried out."""


# ---- the conversation -------------------------------------------------------------------------------------------


def ask(number, how, args=(), kwargs={}):
    """Ask the tests' side and serve it until it has answered."""
    question = ["cb", number, how, values.items(args, REFS, 0), values.pairs(kwargs.items(), REFS, 0)]
    with TURN:
        send(question)
        return serve()


Callback._ask = staticmethod(ask)


def send(tree):
    flush()
    frames.write_all(CHANNEL, frames.frame(b"v", values.dumps(tree)))


def serve():
    """Answer requests; returns (or raises) when a callback of ours was answered. It is our turn when it is called."""
    while True:
        try:
            _kind, payload = REQUESTS.frame()
        except frames.Closed:
            os._exit(0)
        request = json.loads(payload)
        if request[0] == "ret":
            return answered(request)
        TURN.release()
        try:
            answer = reply(request)
        finally:
            TURN.acquire()
        send(answer)


def answered(request):
    found = values.decode(request[2], REFS)
    if request[1] == "ok":
        return found
    raise found


def reply(request):
    """The reply to one request. Every exception of the solution is data here, whatever its class."""
    args, before = (), []
    try:
        if request[0] == "call":
            before = [*request[2], *(value for _, value in request[3])]
            args = values.values(before, REFS, 0)
        result = HANDLERS[request[0]](request, args)
        changed = [now_of(was, argument) for was, argument in zip(before, args)]
        extra = changed if any(c is not None for c in changed) else None
        for number, argument in enumerate(args):
            if result is argument and (isinstance(argument, MUTABLE) or is_array(argument)):
                return ["same", number, extra, warned()]
        return ["ok", value_of(request, result), extra, warned()]
    except BaseException as error:
        return report(error, REFS)


def now_of(was, argument):
    """The tree of an argument that was changed in place; None for every other."""
    if type(was) is not list or not can_change(was):
        return None
    now = values.encode(argument, REFS)
    return None if now == was else now


def can_change(tree):
    if tree[0] in HOLDING:
        return any(type(part) is list and can_change(part) for part in tree[-1])
    return tree[0] in CHANGING or tree[0] in tables.READERS


def is_array(x):
    """An array of numpy, or a table of pandas."""
    return type(x).__module__.partition(".")[0] in ("numpy", "pandas")


def value_of(request, result):
    """An object that the tests constructed stays an object; anything else crosses as its plain value if it has one."""
    constructed = request[0] == "call" and request[1][0] == "h" and request[1][2] == "class"
    own = type(result).__module__ == "solution" and not isinstance(result, Callback)
    if constructed and own and not hasattr(result, "_fields"):
        return REFS.put(result)
    if type(result) in HOLDERS and "pandas" not in sys.modules:  # a table has an order of its own
        return values.encode_once(result, REFS)
    return values.encode(result, REFS)


async def awaited(x):
    return await x


def collected(x):
    async def run():
        return [item async for item in x]

    return run_async(run())


def run_async(coroutine):
    import asyncio  # few programs need it, and it would make every fork slower

    return asyncio.run(coroutine)


def call(function, args, positional, pairs):
    """The keyword arguments' values stand behind the positional ones."""
    names = [values.decode(name, REFS) for name, _ in pairs]
    return function(*args[:positional], **dict(zip(names, args[positional:])))


HANDLERS = {
    "call": lambda r, args: call(values.decode(r[1], REFS), args, len(r[2]), r[3]),
    "get": lambda r, _: getattr(values.decode(r[1], REFS), r[2]),
    "set": lambda r, _: setattr(values.decode(r[1], REFS), r[2], values.decode(r[3], REFS)),
    "del": lambda r, _: delattr(values.decode(r[1], REFS), r[2]),
    "op": lambda r, _: OPERATIONS[r[1]](*values.values(r[2], REFS, 0)),
    "gen": lambda r, _: getattr(values.decode(r[1], REFS), r[2])(*values.values(r[3], REFS, 0)),
    "await": lambda r, _: run_async(awaited(values.decode(r[1], REFS))),
    "collect": lambda r, _: collected(values.decode(r[1], REFS)),
    "import": lambda r, _: __import__(r[1]),
    "plain": lambda r, _: plain(values.decode(r[1], REFS)),
    "exit": lambda r, _: leave_context(r),
}


def plain(x):
    """The builtin value of an instance of a subclass of a builtin."""
    for base, value in values.DECAY:
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
    global REFS, CHANNEL
    REFS, CHANNEL = Refs(()), os.open("/dev/null", os.O_WRONLY)
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
    REFS, CHANNEL = None, REQUESTS.fd


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
    global REFS
    module = types.ModuleType("solution")
    REFS = Refs(job["classes"], module)
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
