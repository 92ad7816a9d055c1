"""Style `cases`: arguments -> value (or exception), compared here with exact types where JSON can tell them apart."""

import math

import asserts
import proxies
import values
from conversation import TALK, CannotJudge, SolutionGone
from results import described, failed, test

BAD_TESTS = (KeyError, TypeError)


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
        if case["raises"] is not None and case["raises"] in [c.__name__ for c in type(error).__mro__]:
            return test(source, "passed")
        note = "" if case["raises"] is None else f"\nexpected: {case['raises']}"
        return failed(source, error, True, f"got: {described(error)}{note}" if note else "", source)
    if case["raises"] is not None:
        return mismatch(source, value, f"an exception {case['raises']}")
    wanted = case["expected"]
    if not same(value, wanted, tolerance, unordered):
        return mismatch(source, value, asserts.shown(wanted))
    return test(source, "passed")


def mismatch(source, value, wanted):
    message = f"got: {asserts.shown(value)}\nexpected: {wanted}"
    return test(source, "failed", "solution", "assertion", message, source=source)


def same(got, wanted, tolerance, unordered=False):
    """Equality of a value with JSON data: booleans are not numbers, a tuple is an array, floats may be within the tolerance."""
    if isinstance(got, bool) or isinstance(wanted, bool) or got is None or wanted is None:
        return got is wanted
    if isinstance(wanted, (int, float)):
        return isinstance(got, (int, float)) and same_number(got, wanted, tolerance)
    if isinstance(wanted, str):
        return type(got) is str and got == wanted
    if isinstance(wanted, list):
        return type(got) in (list, tuple) and same_items(list(got), wanted, tolerance, unordered)
    if isinstance(wanted, dict):
        return (
            type(got) is dict
            and got.keys() == wanted.keys()
            and all(same(got[k], wanted[k], tolerance, unordered) for k in wanted)
        )
    return False


def same_number(got, wanted, tolerance):
    if got == wanted:
        return True
    if got != got and wanted != wanted:
        return True
    return tolerance > 0 and math.isclose(got, wanted, rel_tol=tolerance, abs_tol=tolerance)


def same_items(got, wanted, tolerance, unordered):
    if len(got) != len(wanted):
        return False
    if not unordered:
        return all(same(g, w, tolerance, unordered) for g, w in zip(got, wanted))
    left = list(wanted)
    for item in got:
        match = next((i for i, w in enumerate(left) if same(item, w, tolerance, unordered)), None)
        if match is None:
            return False
        del left[match]
    return True
