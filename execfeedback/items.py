"""From a problem, code and tests to the verify item that they are, and from a problem to its own tests."""

from execfeedback.types import Case, Item, Problem, StdioCase, Style, Tests, TestSuite


def item_for(problem: Problem, code: str, suite: TestSuite, id: str | None = None) -> Item:
    """The verify item of `code` under `suite`, with everything that the problem says about judging it.

    The id is the problem's unless another is given. Held-out cases are in: drop them to leave them unrun.
    """
    return Item(
        id=id or problem.id,
        language=problem.language,
        solution=code,
        style=suite.style,
        tests=suite.tests,
        entry_point=problem.entry_point,
        checker=problem.checker,
        limits=problem.limits,
        contract=problem.contract,
        holdout=problem.holdout,
        integrity=problem.integrity,
    )


def suite_of(problem: Problem) -> TestSuite | None:
    """The tests that the problem came with, or None when it came without."""
    tests = problem.tests
    if tests is None or not tests or (isinstance(tests, str) and not tests.strip()):
        return None
    return TestSuite(style=problem.style or style_of(tests), tests=tests, origin="given", author="human")


def style_of(tests: Tests) -> Style:
    """The style that tests show themselves to be in; plain asserts when they show no other."""
    if not isinstance(tests, str):
        return _style_of_cases(tests)
    lines = tests.splitlines()
    if "unittest" in tests and any(line.startswith("class ") for line in lines):
        return "unittest"
    if any(line.startswith("def check(") for line in lines):
        return "humaneval"
    if any(line.startswith(("def test", "async def test", "class Test")) for line in lines):
        return "pytest"
    return "asserts"


def _style_of_cases(tests: tuple[StdioCase, ...] | tuple[Case, ...]) -> Style:
    return "stdio" if any(isinstance(case, StdioCase) for case in tests) else "cases"
