"""Tests made of a reference: it is run in the sandbox on generated inputs, its answers are asserted."""

from execfeedback.errors import GeneratorExhausted
from execfeedback.protocols import Sandbox
from execfeedback.script_jobs import ask, package_files, read_object, start
from execfeedback.types import Case, Limits, Problem

_PACKAGE = "execfeedback.generators.mutate.oracle"
_LIMITS = Limits(cpu_s=60, wall_s=120, memory_mb=1024, output_kb=1024)


async def reference_tests(problem: Problem, sandbox: Sandbox, *, seed: int, most: int) -> list[str]:
    """Assertions that the reference fulfils. Raises GeneratorExhausted, with the reason, without any."""
    if problem.reference is None or problem.entry_point is None:
        raise GeneratorExhausted(
            f"problem {problem.id!r} has no reference with an entry point to make tests of"
        )
    texts = [problem.statement, *([problem.tests] if isinstance(problem.tests, str) else [])]
    cases = problem.tests if isinstance(problem.tests, tuple) else ()
    question = {
        "reference": problem.reference,
        "entry_point": problem.entry_point,
        "texts": texts,
        "cases": [case.args for case in cases if isinstance(case, Case) and not case.kwargs],
        "seed": seed,
        "most": most,
    }
    files = {"oracle.py": start(f"{_PACKAGE}.script"), **package_files(_PACKAGE)}
    result = await ask(sandbox, "oracle.py", files, question, _LIMITS)
    answer = read_object(result.stdout) or {}
    tests = answer.get("tests")
    if not isinstance(tests, list) or not tests:
        reason = answer.get("reason") or f"its reference cannot be run ({result.stderr.strip()[-200:]})"
        raise GeneratorExhausted(f"problem {problem.id!r}: no tests can be made: {reason}")
    return [test for test in tests[:most] if isinstance(test, str)]
