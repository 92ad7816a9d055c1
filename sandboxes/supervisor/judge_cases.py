"""Style `cases`: arguments -> value (or exception), compared here with exact types where JSON can tell them apart."""

import builtins
import collections
import math

import asserts
import proxies
import values
from conversation import TALK, CannotJudge, SolutionGone, builtin_exception
from results import described, failed, test

BAD_TESTS = (KeyError, TypeError)
MAPS = (dict, collections.defaultdict, collections.OrderedDict, collections.Counter)


def prepare(plan):
    return plan["cases"]


def expected(cases):
    return len(cases)


def run(plan, cases, module):
    made, tolerance = [], plan["contract"]["tolerance"]
    unordered = plan["unordered"] or not plan["contract"]["ordered"]
    for case in cases:
        if made and (TALK.gone or (plan["stop_on_failure"] and made[-1]["outcome"] != "passed")):
            made.append(test(source_of(plan, case), "not_run"))
        else:
            made.append(run_case(plan, case, module, tolerance, unordered))
    return made, len(cases)


def source_of(plan, case):
    parts = [repr(a) for a in case["args"]] + [f"{k}={v!r}" for k, v in case["kwargs"].items()]
    return f"{plan['entry_point']}({', '.join(parts)})"


def run_case(plan, case, module, tolerance, unordered):
    source = source_of(plan, case)
    try:
        value = getattr(module, plan["entry_point"])(*case["args"], **case["kwargs"])
        if isinstance(value, proxies.Proxy):
            value = value._plain() if value._base in proxies.PLAIN_BASES else value
    except (CannotJudge, SolutionGone, values.Refused) as error:
        return failed(source, error, True, source=source)
    except BaseException as error:
        if case["raises"] is not None and is_one(error, case["raises"]):
            return test(source, "passed")
        note = "" if case["raises"] is None else f"\nexpected: {case['raises']}"
        return failed(source, error, True, f"got: {described(error)}{note}" if note else "", source)
    if case["raises"] is not None:
        return mismatch(source, value, f"an exception {case['raises']}")
    wanted = case["expected"]
    if not same(value, wanted, tolerance, unordered):
        return mismatch(source, value, asserts.shown(wanted))
    return test(source, "passed")


def is_one(error, name):
    """Whether an exception is of that name. Where Python itself has the name, of that class: one's own class of the same name
    is another, and what stands here for an exception that is never raised as itself is as it was over there."""
    wanted = getattr(builtins, name, None)
    if not (isinstance(wanted, type) and issubclass(wanted, BaseException)):
        return name in [c.__name__ for c in type(error).__mro__]
    stands_for = getattr(type(error), "_stands_for", None)
    return issubclass(builtin_exception(stands_for) if stands_for else type(error), wanted)


def mismatch(source, value, wanted):
    message = f"got: {asserts.shown(value)}\nexpected: {wanted}"
    return test(source, "failed", "solution", "assertion", message, source=source)


def same(got, wanted, tolerance, unordered=False):
    """Equality of a value with JSON data: booleans are not numbers, a tuple is an array, floats may be within the tolerance.
    `unordered` is the outermost array alone: what is inside of its elements has its order."""
    if isinstance(got, bool) or isinstance(wanted, bool) or got is None or wanted is None:
        return got is wanted
    if isinstance(wanted, (int, float)):
        return isinstance(got, (int, float)) and same_number(got, wanted, tolerance)
    if isinstance(wanted, str):
        return type(got) is str and got == wanted
    if isinstance(wanted, list):
        return is_array(type(got)) and same_items(elements(got), wanted, tolerance, unordered)
    if isinstance(wanted, dict):
        return (
            type(got) in MAPS
            and got.keys() == wanted.keys()
            and all(same(got[k], wanted[k], tolerance) for k in wanted)
        )
    return False


def is_array(kind):
    """A list or a tuple, a named one too."""
    return kind in (list, tuple) or (issubclass(kind, tuple) and type(kind.__dict__.get("_fields")) is tuple)


def elements(array):
    return list(array if type(array) is list else tuple.__iter__(array))


def same_number(got, wanted, tolerance):
    if got == wanted:
        return True
    if got != got and wanted != wanted:
        return True
    try:
        return tolerance > 0 and math.isclose(got, wanted, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an integer that no float holds
        return False


def same_items(got, wanted, tolerance, unordered):
    if len(got) != len(wanted):
        return False
    if not unordered:
        return all(same(g, w, tolerance) for g, w in zip(got, wanted))
    left = list(wanted)
    for item in got:
        match = next((i for i, w in enumerate(left) if same(item, w, tolerance)), None)
        if match is None:
            return False
        del left[match]
    return True
