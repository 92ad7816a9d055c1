"""Functions, generators and coroutines of the solution as the tests see them."""

import contextlib
import sys

from asking import ask, assign, attribute, call, send
from conversation import TALK
from references import Standin

OWN_PARTS = {"_ref"}


def function_proxy(tree, names):
    def proxy(*args, **kwargs):
        if proxy.__dict__.keys() != OWN_PARTS:
            TALK.refuse("needs_shared", f"the tests set attributes of the solution's function {names[0]}")
        return call(tree, args, kwargs)

    proxy._ref = tree
    proxy.__name__ = proxy.__qualname__ = names[0]
    proxy.__doc__ = names[1] if len(names) > 1 else None
    proxy.__module__ = "solution"
    return proxy


class FunctionWithParts(Standin):
    """A function to which the solution gave attributes, as decorators do (`wrapper.calls = 0`)."""

    def __init__(self, tree, names):
        doc = names[1] if len(names) > 1 else None
        self.__dict__.update(
            _ref=tree, __name__=names[0], __qualname__=names[0], __doc__=doc, __module__="solution"
        )

    def __call__(self, *args, **kwargs):
        return call(self._ref, args, kwargs)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return attribute(self._ref, name)

    def __setattr__(self, name, value):
        assign(self._ref, name, value)

    def __repr__(self):
        return f"<function {self.__name__}>"


def generator(tree, _names):
    def steps():
        how, value = "send", None
        try:
            while True:
                try:
                    step = ask(["gen", tree, how, [send(value)]], may_stop=True)
                except StopIteration as end:
                    return end.value
                try:
                    how, value = "send", (yield step)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    how, value = "throw", error
        finally:
            if not TALK.gone:
                with contextlib.suppress(Exception):  # nobody hears what a generator raises at its end
                    ask(["gen", tree, "close", []])

    return steps()


async def coroutine(tree, _names):
    return in_turn(["await", tree])


async def async_generator(tree, _names):
    how, args = "__anext__", []
    try:
        while True:
            try:
                step = in_turn(["agen", tree, how, args], may_stop=True)
            except StopAsyncIteration:
                return
            try:
                sent = yield step
                how, args = ("__anext__", []) if sent is None else ("asend", [send(sent)])
            except GeneratorExit:
                raise
            except BaseException as error:
                how, args = "athrow", [send(error)]
    finally:
        if not TALK.gone:
            ask(["agen", tree, "aclose", []])


def in_turn(request, may_stop=False):
    """What is awaited runs to its end there, while nothing else does here: with other tasks, or past a time-out, the end may
    depend on turns that two event loops do not take."""
    asyncio = sys.modules["asyncio"]  # who runs this has it
    loop = asyncio.get_running_loop()
    if len(asyncio.all_tasks(loop)) > 1:
        TALK.refuse("needs_shared", "the tests run several tasks at one time, one of them the solution's")
    try:
        return ask(request, may_stop=may_stop)
    finally:
        if any(
            timer.when() <= loop.time() and not timer.cancelled() for timer in getattr(loop, "_scheduled", ())
        ):
            TALK.refuse("needs_shared", "a time-out of the tests is over before the solution's coroutine")


FUNCTIONS = {
    "func": function_proxy,
    "func with parts": FunctionWithParts,
    "gen": generator,
    "coro": coroutine,
    "agen": async_generator,
}
"""Their makers, by the kind of reference."""
