"""Style `pytest`: a test file run by real pytest. Configuration, plugins and conftest come from the tests alone."""

import builtins
import os
import pathlib
import tempfile

import asserts
import names
import pytest
from conversation import TALK, CannotJudge, SolutionGone
from results import failed, test
from solution_module import HIDDEN

BAD_TESTS = (SyntaxError, ValueError, RecursionError, MemoryError)
FLAGS = "-q -x --tb=short -p no:cacheprovider -p no:faulthandler -p no:junitxml -p no:pastebin -p no:nose -p no:doctest".split()


def prepare(plan):
    """The file in a folder that only the tests' uid can enter, and its compiled form for the names that it uses."""
    code = compile(plan["tests"], "test_solution.py", "exec", dont_inherit=True)
    folder = tempfile.mkdtemp(dir=".", prefix="tests-")
    write(f"{folder}/test_solution.py", plan["tests"])
    for path, content in plan["files"].items():
        if path.endswith(".py") and isinstance(content, str):
            write(f"{folder}/{path}", content)
    return code, os.path.abspath(folder)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
        file.write(text)


def expected(_prepared):
    return 1


def open_folder():
    return pathlib.Path(tempfile.mkdtemp(dir=".", prefix="tmp-")).resolve()


class Folders:
    """What `tmp_path_factory` is."""

    def mktemp(self, basename, numbered=True):
        folder = open_folder() / basename
        folder.mkdir()
        return folder

    def getbasetemp(self):
        return pathlib.Path().resolve()


class Reporter:
    """A pytest plugin that turns reports into results and gives `tmp_path` in the run's directory, open to both sides."""

    def __init__(self):
        self.made, self.calls, self.compared = {}, 0, None
        self.stop = None

    @pytest.fixture
    def tmp_path(self):
        return open_folder()

    @pytest.fixture(scope="session")
    def tmp_path_factory(self):
        return Folders()

    def pytest_runtest_logstart(self, nodeid, location):
        self.calls, self.compared = TALK.calls, None

    def pytest_assertrepr_compare(self, op, left, right):
        note = "" if op == "==" else f"\ncomparison: {op}"
        self.compared = f"got: {asserts.shown(left)}\nexpected: {asserts.shown(right)}{note}"

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = (yield).get_result()
        if report.passed and report.when != "call":
            return
        name = item.nodeid.split("::", 1)[-1]
        if report.passed and not hasattr(report, "wasxfail"):
            self.made.setdefault(name, test(name, "passed"))
        elif call.excinfo is None or report.skipped or hasattr(report, "wasxfail"):
            self.made[name] = test(name, "skipped", "tests", "skipped", "skipped or expected to fail")
        else:
            self.made[name] = self.failure(name, call.excinfo)

    def failure(self, name, excinfo):
        error = excinfo.value
        if isinstance(error, (CannotJudge, SolutionGone)):
            self.stop = error
        message = self.compared or "" if isinstance(error, AssertionError) else ""
        entries = [e for e in excinfo.traceback if str(e.path).endswith("test_solution.py")]
        source = str(entries[-1].statement).strip() if entries else ""
        return failed(name, error, TALK.calls > self.calls, message, source)

    def pytest_collectreport(self, report):
        if report.failed:
            self.made["collection"] = self.collection_failure(report)
        elif report.skipped:
            self.made["collection"] = test(
                "collection", "skipped", "tests", "skipped", "the file skips itself"
            )

    def collection_failure(self, report):
        text = str(report.longrepr)[-3000:]
        if any(f"from '{name}'" in text for name in HIDDEN):
            return test("collection", "error", "item", "needs_shared", text)
        blame = "solution" if TALK.gone or "'solution'" in text or "NameError" in text else "tests"
        reason = "missing_name" if blame == "solution" else "tests_error"
        return test("collection", "error", blame, reason, text)

    def pytest_warning_recorded(self, warning_message, nodeid):
        if "ReturnNotNone" in warning_message.category.__name__:
            name = nodeid.split("::", 1)[-1]
            self.made[name] = test(
                name, "error", "tests", "returns_value", "a test returns a value and asserts nothing"
            )

    def pytest_deselected(self, items):
        for item in items:
            self.made[item.nodeid] = test(item.nodeid, "skipped", "tests", "skipped", "deselected")


def offer_names(code, module):
    """A name that the tests use and nobody defines is the solution's."""
    for name in names.undefined(code, module._names, None):
        setattr(builtins, name, getattr(module, name))


def run(plan, prepared, module):
    code, folder = prepared
    reporter = Reporter()
    stop = ["--maxfail=1"] if plan["stop_on_failure"] else ["--maxfail=0"]
    flags = [f for f in FLAGS if f != "-x"] + stop
    try:
        offer_names(code, module)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        config = [
            "-c",
            "/dev/null",
            "--rootdir",
            folder,
            "--confcutdir",
            folder,
            "-o",
            "python_files=test_*.py",
        ]
        status = pytest.main([*flags, *config, folder], plugins=[reporter])
    except BaseException as error:
        reporter.made["tests"] = failed("tests", error, TALK.calls > 0)
        status = None
    made = list(reporter.made.values())
    if not made:
        return [test("tests", "error", "tests", "no_tests", "pytest collected no test")], 0
    if status not in (0, 1) and all(t["outcome"] == "passed" for t in made):
        made.append(test("session", "error", "tests", "tests_error", f"pytest ended with status {status}"))
    return made, len(made)
