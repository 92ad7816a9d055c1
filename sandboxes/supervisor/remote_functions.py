"""Functions, generators and coroutines of the solution as the tests see them."""

import contextlib

from asking import ask, assign, attribute, call, send
from conversation import TALK, builtin_exception
from references import Standin


def function_proxy(tree, names):
    def proxy(*args, **kwargs):
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
                    how, value = "throw", builtin_exception(type(error).__name__)(str(error))
        finally:
            if not TALK.gone:
                with contextlib.suppress(Exception):  # nobody hears what a generator raises at its end
                    ask(["gen", tree, "close", []])

    return steps()


async def coroutine(tree, _names):
    return ask(["await", tree])


async def async_generator(tree, _names):
    for item in ask(["collect", tree]):
        yield item


FUNCTIONS = {
    "func": function_proxy,
    "func with parts": FunctionWithParts,
    "gen": generator,
    "coro": coroutine,
    "agen": async_generator,
}
"""Their makers, by the kind of reference."""
