"""Runs the tests of one of our fixtures against `solution.py` in this process; see gate_fakes.py."""

import ast
import contextlib
import io
import json
import sys
import traceback
from typing import Any

sys.path.insert(0, "")


def result(name: str, outcome: str, error: BaseException | None = None) -> dict[str, Any]:
    if error is None:
        return {"name": name, "outcome": outcome}
    reason = "assertion" if isinstance(error, AssertionError) else "exception"
    told = {"blame": "solution", "reason": reason, "message": repr(error)}
    return {"name": name, "outcome": outcome, **told, "traceback": traceback.format_exc()}


def asserts(text: str, names: dict[str, Any], stop: bool) -> tuple[int, list[dict[str, Any]]]:
    """Each top-level statement that holds an assert is a test; those after a failure are not run."""
    statements = ast.parse(text).body
    holding = [s for s in statements if any(isinstance(node, ast.Assert) for node in ast.walk(s))]
    done: list[dict[str, Any]] = []
    for statement in statements:
        code = compile(ast.Module([statement], []), "tests", "exec")
        try:
            exec(code, names)  # noqa: S102 - a fixture that we wrote, in a process of its own
        except Exception as error:
            return len(holding), [*done, result(f"line {statement.lineno}", "failed", error)]
        if statement in holding:
            done.append(result(f"line {statement.lineno}", "passed"))
    return len(holding), done


def cases(given: list[dict[str, Any]], function: Any, stop: bool) -> tuple[int, list[dict[str, Any]]]:
    done: list[dict[str, Any]] = []
    for number, case in enumerate(given):
        try:
            assert function(*case["args"], **case["kwargs"]) == case["expected"]
            done.append(result(f"case {number}", "passed"))
        except Exception as error:
            done.append(result(f"case {number}", "failed", error))
            if stop:
                break
    return len(given), done


def main() -> None:
    split = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            import solution

            names = dict(vars(solution))
        except Exception as error:
            expected, tests = 1, [result("import", "error", error)]
        else:
            stop = split["stop_on_failure"]
            if split["style"] == "cases":
                expected, tests = cases(split["cases"], names[split["entry_point"]], stop)
            else:
                expected, tests = asserts(split["tests"], names, stop)
    json.dump({"expected": expected, "tests": tests, "calls": 1, "values": 1}, sys.stdout)


main()
