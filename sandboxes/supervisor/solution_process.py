"""The solution's side: runs the solution and answers calls. It holds no tests, no expected values, no result channel.

Theory of operation. The first frame on the channel says what to do: `program` (run a file as `__main__`) or `split`: load
`solution.py` as a module, send the names that it defines, then answer
requests, one reply for each. Whatever is answered is only a value; the judge process decides what it means.

    requests  ["call", f, args, kwargs] ["get", x, name] ["set", x, name, v] ["op", name, operands] ["gen", x, how, v]
              ["await", x] ["import", name] ["ret", "ok", v] ["ret", "exc", name, args]     the last two answer a callback
    replies   ["ok", v, changed, warnings] ["same", n, changed, warnings]
              ["exc", names, base, module, args, text, x, traceback, warnings]
              ["cb", n, how, args, kwargs]                                 asks the tests' side for something
"""

import atexit
import builtins
import json
import linecache
import operator
import os
import sys
import traceback
import types
import warnings

import frames
import tables  # noqa: F401, adds itself to what values may cross
import tracebacks
import values

CHANNEL = 3
SOURCES = {}
"""Of every file that was run as it is: path -> bytes."""
MUTABLE = (list, dict, set, bytearray)
OPERATIONS = {
    name: getattr(builtins, name)
    for name in (
        "iter",
        "next",
        "len",
        "bool",
        "repr",
        "str",
        "hash",
        "abs",
        "float",
        "int",
        "complex",
        "format",
        "round",
    )
    + ("reversed", "divmod", "bytes", "isinstance", "issubclass", "dir")
}
OPERATIONS.update(
    {
        name: getattr(operator, name)
        for name in (
            "getitem",
            "setitem",
            "delitem",
            "contains",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "neg",
            "pos",
            "invert",
        )
        + (
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "pow",
            "and_",
            "or_",
            "xor",
            "matmul",
            "lshift",
            "rshift",
        )
        + ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor", "index")
    }
)


class Testside(Exception):
    """A builtin-less exception of the tests' side, by name."""


class Refs:
    """Objects of this side that crossed by reference, and references to objects of the tests' side."""

    enums_cross = True

    def __init__(self, classes):
        self.objects = []
        self.numbers = {}
        self.classes = frozenset(classes)

    def keeps(self, x):
        return type(x).__name__ in self.classes and type(x).__module__ == "solution"

    def put(self, x):
        if isinstance(x, Callback):
            return ["cb", x._number]
        number = self.numbers.get(id(x))
        if number is None:
            number = self.numbers[id(x)] = len(self.objects)
            self.objects.append(x)
        return ["h", number, *describe(x)]

    def get(self, tree):
        if tree[0] == "h":
            return self.objects[tree[1]]
        if tree[0] == "cb":
            return CALLBACKS[tree[2]](tree[1])
        if tree[0] == "m":
            return MODULE
        raise values.Refused("unknown reference")


def describe(x):
    """(kind, class names outwards, module of the class, builtin base, overridden operators); of a function its own name."""
    if isinstance(x, types.FunctionType):
        code = x.__code__
        return "func", said_of(x), "builtins", "function", list(code.co_varnames[: code.co_argcount])
    cls = x if isinstance(x, type) else type(x)
    names = [str(c.__name__) for c in cls.__mro__ if c is not object]
    base = next(c.__name__ for c in cls.__mro__ if c.__module__ == "builtins")
    return kind_of(x), names, str(cls.__module__), base, overridden(cls)


def said_of(function):
    """Its name and, where there is one, its docstring."""
    name, doc = function.__name__, function.__doc__
    return [str(name), doc] if type(doc) is str else [str(name)]


def kind_of(x):
    if isinstance(x, type):
        return "class"
    if isinstance(x, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "func"
    if isinstance(x, types.GeneratorType):
        return "gen"
    if isinstance(x, types.CoroutineType):
        return "coro"
    if isinstance(x, types.AsyncGeneratorType):
        return "agen"
    return "callable" if callable(x) else "obj"


def overridden(cls):
    """Which of the operators that decide assertions a class defines itself, and not a builtin for it."""
    found = []
    for name in ("__eq__", "__bool__", "__len__", "__hash__", "__iter__", "__lt__"):
        owner = next((c for c in cls.__mro__ if name in c.__dict__), object)
        if owner.__module__ != "builtins":
            found.append(name)
    return found


class Callback:
    """A function of the tests: it can be called, nothing else."""

    def __init__(self, number):
        self._number = number

    def __call__(self, *args, **kwargs):
        return ask(self._number, "call", args, kwargs)


class IteratorCallback(Callback):
    """A generator or iterator of the tests."""

    __call__ = None

    def __iter__(self):
        return self

    def __next__(self):
        return ask(self._number, "next")

    def send(self, value):
        return ask(self._number, "send", (value,))

    def throw(self, error, *_):
        return ask(
            self._number, "throw", (type(error).__name__ if isinstance(error, BaseException) else str(error),)
        )

    def close(self):
        return ask(self._number, "close")


class ObjectCallback(Callback):
    """An instance of a class of the tests: public attributes and methods, nothing else."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return ask(self._number, "get", (name,))

    def __setattr__(self, name, value):
        if name == "_number":
            object.__setattr__(self, name, value)
        elif name.startswith("_"):
            raise AttributeError(name)
        else:
            ask(self._number, "set", (name, value))

    def __enter__(self):
        return ask(self._number, "enter")

    def __exit__(self, *_):
        return ask(self._number, "exit")

    def __iter__(self):
        return ask(self._number, "iter")

    def __len__(self):
        return ask(self._number, "len")

    def __getitem__(self, key):
        return ask(self._number, "getitem", (key,))


CALLBACKS = {"func": Callback, "iter": IteratorCallback, "obj": ObjectCallback}
REQUESTS = frames.Reader(CHANNEL)
REFS = None
MODULE = None


# ---- the conversation -------------------------------------------------------------------------------------------


def ask(number, how, args=(), kwargs={}):
    """Ask the tests' side and serve it until it has answered."""
    send(["cb", number, how, values.items(args, REFS, 0), values.pairs(kwargs.items(), REFS, 0)])
    return serve()


def send(tree):
    flush()
    frames.write_all(CHANNEL, frames.frame(b"v", values.dumps(tree)))


def flush():
    """What was printed is in the pipe before the reply is. A stream that the solution broke is its own affair."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError, TypeError):
            continue


def serve():
    """Answer requests; returns (or raises) when a callback of ours was answered."""
    while True:
        try:
            _kind, payload = REQUESTS.frame()
        except frames.Closed:
            os._exit(0)
        request = json.loads(payload)
        if request[0] == "ret":
            return answered(request)
        send(reply(request))


def answered(request):
    if request[1] == "ok":
        return values.decode(request[2], REFS)
    error = getattr(builtins, request[2], None)
    if not (isinstance(error, type) and issubclass(error, BaseException)):
        error = Testside
    raise error(*values.values(request[3], REFS, 0))


def reply(request):
    """The reply to one request. Every exception of the solution is data here, whatever its class."""
    args, before = (), []
    try:
        if request[0] == "call":
            before = [*request[2], *(value for _, value in request[3])]
            args = values.values(before, REFS, 0)
        result = HANDLERS[request[0]](request, args)
        changed = [None if now is None or now == was else now for was, now in zip(before, snapshots(args))]
        extra = changed if any(c is not None for c in changed) else None
        for number, argument in enumerate(args):
            if result is argument and (isinstance(argument, MUTABLE) or is_array(argument)):
                return ["same", number, extra, warned()]
        return ["ok", value_of(request, result), extra, warned()]
    except BaseException as error:
        return report(error)


WARNED = []


def note_warning(message, category, *_):
    base = next(c.__name__ for c in category.__mro__ if c.__module__ == "builtins")
    WARNED.append([[c.__name__ for c in category.__mro__ if c is not object], base, str(message)[:2000]])


def warned():
    """Warnings since the last reply, or None."""
    new, WARNED[:] = WARNED[:20], []
    return new or None


def snapshots(args):
    return [values.encode(a, REFS) if type(a) in MUTABLE or is_array(a) else None for a in args]


def is_array(x):
    """An array of numpy, or a table of pandas."""
    return type(x).__module__.partition(".")[0] in ("numpy", "pandas")


def value_of(request, result):
    """An object that the tests constructed stays an object; anything else crosses as its plain value if it has one."""
    constructed = request[0] == "call" and request[1][0] == "h" and request[1][2] == "class"
    own = type(result).__module__ == "solution" and not isinstance(result, Callback)
    if constructed and own and not hasattr(result, "_fields"):
        return REFS.put(result)
    return values.encode(result, REFS)


def report(error):
    names, cls = [c.__name__ for c in type(error).__mro__ if c is not object], type(error)
    base = next(c.__name__ for c in cls.__mro__ if c.__module__ == "builtins")
    try:
        args = values.items(error.args, REFS, 0)
    except BaseException:
        args = None
    return [
        "exc",
        names,
        base,
        str(cls.__module__),
        args,
        text_of(error),
        REFS.put(error),
        trace(error),
        warned(),
    ]


def text_of(error):
    try:
        return str(error)[:20000]
    except BaseException:
        return ""


def trace(error):
    """The traceback as people know it, frames of the solution only."""
    try:
        for path, source in SOURCES.items():
            tracebacks.remember(path, source.decode("utf-8-sig", "replace"))
        own = tracebacks.shown(error.__traceback__)
        shown = traceback.TracebackException(type(error), error, own, limit=-40)
        if shown.__cause__ is not None:
            shown.__cause__ = None
        shown.__context__ = None
        return "".join(shown.format())[-8000:]
    except BaseException:
        return names_of(error)


def names_of(error):
    return type(error).__name__ + "\n"


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
    manager, name, text = values.decode(request[1], REFS), request[2], request[3]
    if name is None:
        return manager.__exit__(None, None, None)
    error = getattr(builtins, name, RuntimeError)(text)
    return manager.__exit__(type(error), error, None)


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


# ---- the two things to do ---------------------------------------------------------------------------------------


def main():
    sys.stdout.reconfigure(line_buffering=True)
    _kind, payload = REQUESTS.frame()
    job = json.loads(payload)
    {"program": run_program, "split": run_split}[job["do"]](job)


def run_program(job):
    """As `python3 FILE ARGS...` would: exit status, traceback and output are the interpreter's."""
    os.close(CHANNEL)
    argv = job["argv"]
    sys.argv[:] = argv
    module = types.ModuleType("__main__")
    module.__file__ = argv[0]
    sys.modules["__main__"] = module
    sys.path.insert(0, os.getcwd())
    status = guarded(lambda: execute(argv[0], module))
    try:
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
    finally:
        flush()
        os._exit(status)


def execute(path, module):
    with open(path, "rb") as file:
        SOURCES[path] = source = file.read()
    exec(compile(source, path, "exec"), module.__dict__)


def guarded(run):
    """Exit status of `run`, with the interpreter's own rules for SystemExit and for a traceback."""
    try:
        run()
        return 0
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return (leave.code or 0) & 0xFF
        print(leave.code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.__stderr__.write(trace(error))
        return 1


def run_split(job):
    global REFS, MODULE
    REFS = Refs(job["classes"])
    MODULE = types.ModuleType("solution")
    MODULE.__file__ = os.path.join(os.getcwd(), "solution.py")
    sys.argv[:] = ["solution.py"]
    sys.modules["solution"] = MODULE
    if job["main"]:
        sys.modules[job["main"]] = MODULE
    sys.path.insert(0, os.getcwd())
    builtins.input = lambda prompt="": ask(-1, "call", (str(prompt),))
    warnings.simplefilter("always")
    warnings.showwarning = note_warning
    send(load())
    serve()


def load():
    try:
        execute("solution.py", MODULE)
        names = {n: x for n, x in MODULE.__dict__.items() if n.isidentifier() and not n.startswith("__")}
        own = {n: REFS.put(x) for n, x in names.items() if isinstance(x, types.FunctionType)}
        modules = [n for n, x in names.items() if isinstance(x, types.ModuleType)]
        return ["ok", ["l", list(names)], None, None, own, modules]
    except BaseException as error:
        return report(error)
