"""Problem packages of Kattis and the ICPC: a folder, a .zip of one, or a folder of them.

The format, in its versions `legacy` and `2023-07-draft`: https://github.com/Kattis/problem-package-format. Test cases,
limits, validator and the jury's submissions are read; what cannot be judged as one program on its input, or in one conversation
(multi-pass, ...), is refused, or left out with a note where other packages are there.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from execfeedback.errors import InputError
from execfeedback.importers import LeftOut
from execfeedback.importers._package_files import SETTINGS, Package, packages
from execfeedback.jsonl import parsed
from execfeedback.languages import spoken_names
from execfeedback.problems import distinct
from execfeedback.types import (
    Checker,
    Item,
    LimitsGiven,
    Problem,
    Source,
    SpecialJudge,
    StdioCase,
    TokenChecker,
    Value,
)

NAME = "kattis"
EXPECTED = {
    "accepted": "passed",
    "wrong_answer": "wrong_answer",
    "time_limit_exceeded": "time_limit",
    "run_time_error": "runtime_error",
}
"""Folder of submissions -> the verdict that it demands. The others (`partially_accepted`, ...) demand none."""
LANGUAGES = {
    ".C": "cpp",
    ".c": "c",
    ".c++": "cpp",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".cxx": "cpp",
    ".go": "go",
    ".hs": "haskell",
    ".java": "java",
    ".js": "javascript",
    ".kt": "kotlin",
    ".lua": "lua",
    ".ml": "ocaml",
    ".pas": "pascal",
    ".php": "php",
    ".pl": "perl",
    ".py": "python",
    ".py2": "python2",
    ".py3": "python",
    ".rb": "ruby",
    ".rs": "rust",
    ".scala": "scala",
    ".swift": "swift",
    ".ts": "typescript",
}
HEADERS = (".h", ".hh", ".hpp")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"[^\n]*$', re.M)
PYTHON_2 = re.compile(r"#!.*\bpython2")
TEXT = re.compile(r"(?:problem_)?statement/problem(?:\.(?P<language>[\w-]+))?\.(?P<form>md|tex)")
GROUP_FILES = ("testdata.yaml", "test_group.yaml")
TOLERANCES = {
    "float_tolerance": ("absolute", "relative"),
    "float_absolute_tolerance": ("absolute",),
    "float_relative_tolerance": ("relative",),
}
MOST_SETTINGS = 1 << 20
MOST_DATA = 256 << 20
MOST_MEMORY_MB = 2048
"""What a slot offers unless it is configured otherwise."""


# ---- settings ----------------------------------------------------------------------------------------------------


class Settings(Value):
    """What counts of a package's `problem.yaml`, or of a part of it."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def without_null(cls, given: Any) -> Any:
        """A key that is written without a value is not there."""
        return {k: v for k, v in given.items() if v is not None} if isinstance(given, dict) else given


def _words(given: Any) -> Any:
    """A list, or its words in one text."""
    return given.split() if isinstance(given, str) else given


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class GroupSettings(Settings):
    """Of a group of cases, in the names of both versions."""

    output_validator_flags: Words | None = None
    output_validator_args: Words | None = None


class SourceSettings(Settings):
    name: str | None = None
    url: str | None = None


class LimitSettings(Settings):
    time_limit: float | None = Field(None, gt=0, le=3600)
    memory: int | None = Field(None, gt=0)
    output: int | None = Field(None, gt=0, le=1024)


class ProblemSettings(Settings):
    problem_format_version: str = "legacy"
    name: str | dict[str, str] = ""
    type: Words = ()
    validation: Words = ("default",)
    validator_flags: Words = ()
    source: str | SourceSettings | tuple[str | SourceSettings, ...] = ()
    source_url: str | None = None
    license: str | None = None
    rights_owner: str | None = None
    keywords: Words = ()
    limits: LimitSettings = LimitSettings()
    constants: dict[str, Any] | None = None


def _settings(package: Package) -> ProblemSettings:
    return parsed(_yaml(package, SETTINGS), ProblemSettings, f"{package.place}/{SETTINGS}")


def _yaml(package: Package, path: str) -> dict[str, Any]:
    import yaml

    where = f"{package.place}/{path}"
    if package.files[path].size > MOST_SETTINGS:
        raise InputError(f"{where}: is larger than {MOST_SETTINGS >> 20} MB, which settings never are")
    try:
        value = yaml.safe_load(package.text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{where}: is not YAML: {' '.join(str(error).split())[:300]}") from None
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError(f"{where}: must hold names with values (`name: ...`)")
    return value


# ---- problems ----------------------------------------------------------------------------------------------------


def read(path: Path) -> Iterator[Problem]:
    """Problems of a package or of a folder of packages. Raises InputError naming package, file and field."""
    skipped: list[str] = []
    yield from distinct(((one.place, problem) for one, problem in _supported(path, skipped)), path)
    for message in skipped:
        print(f"left out: {message}", file=sys.stderr)


def submissions(path: Path) -> Iterator[Item]:
    """The jury's submissions as verify items, `expected` being the verdict that their folder demands."""
    for package, problem in _supported(path, []):
        yield from _submissions(package, problem)


def _supported(path: Path, skipped: list[str]) -> Iterator[tuple[Package, Problem]]:
    """Packages with their problems; why others were left out goes into `skipped`. Raises InputError when all were."""
    found = False
    for package in packages(path):
        try:
            pair = package, problem(package)
        except LeftOut as error:
            skipped.append(f"{package.place}: {error}")
        else:
            found = True
            yield pair
    if not found:
        raise InputError("\n".join(skipped))


def problem(package: Package) -> Problem:
    """A package as a problem. Raises LeftOut for what is not one program on one input, and InputError."""
    settings = _settings(package)
    _check_kind(package, settings)
    cases = _cases(package)
    language, reference = _reference(package)
    samples = cases[: sum(path.endswith(".in") for path in package.below("data/sample"))]
    return Problem(
        id=package.name,
        statement=_statement(package, settings, () if _interactive(settings) else samples),
        language=language,
        reference=reference,
        style="stdio",
        tests=cases,
        checker=_checker(package, settings),
        limits=_limits(package, settings, cases),
        source=_source(settings),
        tags=("kattis", *dict.fromkeys(settings.keywords)),
    )


def _check_kind(package: Package, settings: ProblemSettings) -> None:
    words = (*settings.type, *settings.validation)
    for kind in ("multi-pass", "multipass", "submit-answer"):
        if kind in words:
            raise LeftOut(f"is {kind}, which is not supported")
    if settings.constants:
        raise LeftOut("has constants that are put into its files, which is not supported")
    if package.below("include"):
        raise LeftOut("has files that go along with submissions (include/), which is not supported")


def _interactive(settings: ProblemSettings) -> bool:
    return "interactive" in (*settings.type, *settings.validation)


def _source(settings: ProblemSettings) -> Source:
    """Whose it is stands in the name: share-alike licences ask for it."""
    first = settings.source if not isinstance(settings.source, tuple) else next(iter(settings.source), "")
    given = SourceSettings(name=first) if isinstance(first, str) else first
    owner = f"rights: {settings.rights_owner}" if settings.rights_owner else None
    names = "; ".join(part for part in (given.name, owner) if part)
    return Source(name=names or None, licence=settings.license, url=settings.source_url or given.url)


def _statement(package: Package, settings: ProblemSettings, samples: tuple[StdioCase, ...]) -> str:
    """The text as it is written, English if there is a choice, and the samples, which a page shows beneath it."""
    found = [match for path in package.files if (match := TEXT.fullmatch(path))]
    if not found:
        raise InputError(
            f"{package.place}: has no statement/problem.en.md or .tex (or problem_statement/); write one"
        )
    best = min(found, key=lambda m: ((m["language"] or "en") != "en", m["language"] or "", m["form"]))
    text = package.text(best.string).strip()
    name = (
        settings.name if isinstance(settings.name, str) else settings.name.get(best["language"] or "en", "")
    )
    title = () if name in text else (name,)
    shown = (
        f"Sample input {number}:\n{case.stdin.rstrip()}\n\nSample output {number}:\n{case.stdout.rstrip()}"
        for number, case in enumerate(samples, 1)
    )
    return "\n\n".join((*title, text, *shown, *_conversations(package)))


def _conversations(package: Package) -> Iterator[str]:
    """Samples of interactive problems: lines of the interactor begin with `<`, those of a solution with `>`."""
    paths = [path for path in package.below("data/sample") if path.endswith(".interaction")]
    for number, path in enumerate(paths, 1):
        yield f"Sample interaction {number} (< is what your program reads):\n{package.text(path).rstrip()}"


def _limits(package: Package, settings: ProblemSettings, cases: tuple[StdioCase, ...]) -> LimitsGiven:
    """Time counts for each case. The wall-clock limits are far off: a jury's machine is not busy."""
    given, seconds = settings.limits, _time_limit(package, settings)
    largest = max(len(case.stdout.encode()) for case in cases) >> 10
    output = given.output * 1024 if given.output else 2 * largest if largest > 128 else None
    return LimitsGiven(
        cpu_s=seconds,
        wall_s=min(3600.0, max(20.0, 2 * seconds)) if seconds else None,
        total_wall_s=min(36000.0, max(120.0, 2 * (seconds or 10) * len(cases))),
        memory_mb=min(given.memory, MOST_MEMORY_MB) if given.memory else None,
        output_kb=output,
    )


def _time_limit(package: Package, settings: ProblemSettings) -> float | None:
    """What the judge measured stands in `.timelimit`, where `problem.yaml` does not say it."""
    if settings.limits.time_limit or ".timelimit" not in package.files:
        return settings.limits.time_limit
    text = package.text(".timelimit").strip()
    if not re.fullmatch(r"[0-9]+(?:\.[0-9]*)?", text) or not 0 < float(text) <= 3600:
        raise InputError(f"{package.place}/.timelimit: must be seconds, more than 0 and at most 3600")
    return float(text)


# ---- test cases --------------------------------------------------------------------------------------------------


def _cases(package: Package) -> tuple[StdioCase, ...]:
    """Samples first, then the secret ones, in the order of their names."""
    inputs = [path for path in package.below("data/sample", "data/secret") if path.endswith(".in")]
    if not inputs:
        raise InputError(f"{package.place}/data: holds no case; put *.in and *.ans into data/secret")
    pairs = [(path, path.removesuffix(".in") + ".ans") for path in inputs]
    _check_cases(package, pairs)
    return tuple(StdioCase(stdin=package.text(one), stdout=package.text(other)) for one, other in pairs)


def _check_cases(package: Package, pairs: list[tuple[str, str]]) -> None:
    for path, answer in pairs:
        if answer not in package.files:
            raise InputError(f"{package.place}/{path}: has no {PurePosixPath(answer).name} beside it; add it")
        for beside in (f"{path.removesuffix('.in')}.args", f"{path.removesuffix('.in')}.files"):
            if package.below(beside):
                raise LeftOut(f"gives programs arguments or files ({beside}), which is not supported")
    if sum(package.files[path].size for pair in pairs for path in pair) > MOST_DATA:
        raise InputError(f"{package.place}/data: is larger than {MOST_DATA >> 20} MB; leave large cases out")


# ---- output validators -------------------------------------------------------------------------------------------


def _checker(package: Package, settings: ProblemSettings) -> Checker:
    flags = (*settings.validator_flags, *_group_flags(package))
    own = package.below("output_validators", "output_validator")
    legacy = settings.problem_format_version.startswith("legacy")
    custom = "custom" in settings.validation if legacy else bool(own)
    if custom or _interactive(settings):
        judge = _special_judge(package, own, flags)
        return judge.model_copy(update={"interactive": _interactive(settings)})
    return _default_validator(package, flags)


def _group_flags(package: Package) -> tuple[str, ...]:
    """Flags of the groups of cases; a group has its own or those of the group that it is in."""
    given: dict[PurePosixPath, tuple[str, ...]] = {}
    for path in package.below("data"):
        if PurePosixPath(path).name in GROUP_FILES:
            settings = parsed(_yaml(package, path), GroupSettings, f"{package.place}/{path}")
            flags = settings.output_validator_flags or settings.output_validator_args
            given |= {PurePosixPath(path).parent: flags} if flags is not None else {}
    cases = (
        PurePosixPath(path) for path in package.below("data/sample", "data/secret") if path[-3:] == ".in"
    )
    found = {next((given[at] for at in case.parents if at in given), ()) for case in cases}
    if len(found) > 1:
        raise LeftOut("validates groups of cases with different flags, which is not supported")
    return found.pop()


def _default_validator(package: Package, flags: tuple[str, ...]) -> Checker:
    """The checker that compares as the default validator does with these flags."""
    fields: dict[str, Any] = {"ignore_case": "case_sensitive" not in flags}
    words = iter(flags)
    for word in words:
        if word in TOLERANCES:
            fields |= dict.fromkeys(TOLERANCES[word], _tolerance(package, word, next(words, "")))
        elif word == "space_change_sensitive":
            fields["spaces"] = True
        elif word != "case_sensitive":
            raise InputError(f"{package.place}/{SETTINGS}: field 'validator_flags': {word!r} is no flag")
    return "tokens" if fields == {"ignore_case": False} else TokenChecker(**fields)


def _tolerance(package: Package, flag: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?", text):
        raise InputError(
            f"{package.place}/{SETTINGS}: field 'validator_flags': {flag} needs a number, not {text!r}"
        )
    return float(text)


def _special_judge(package: Package, paths: list[str], flags: tuple[str, ...]) -> SpecialJudge:
    """A validator of one source file, with the headers that it includes put into it."""
    sources = [path for path in paths if _language(path) in spoken_names()]
    if not paths:
        raise InputError(f"{package.place}: validation is custom, but output_validators/ has no file; add it")
    scripts = [path for path in paths if PurePosixPath(path).name in ("build", "run")]
    if len(sources) != 1 or scripts:
        names = ", ".join((scripts or sources or paths)[:4])
        raise LeftOut(f"has an output validator that is not one source file ({names})")
    text = _with_headers(package, sources[0], set())
    return SpecialJudge(language=_language(sources[0]), source=text, flags=flags)


def _with_headers(package: Package, path: str, seen: set[str]) -> str:
    """A source with its own headers in place of the lines that include them."""
    folder = PurePosixPath(path).parent

    def replaced(line: re.Match[str]) -> str:
        inner = str(folder / line[1])
        if inner not in package.files or not inner.endswith(HEADERS):
            return line[0]
        return "" if inner in seen else _with_headers(package, inner, seen)

    seen.add(path)
    return INCLUDE.sub(replaced, _source_text(package, path))


# ---- submissions -------------------------------------------------------------------------------------------------


def _submissions(package: Package, problem: Problem) -> Iterator[Item]:
    for folder, expected in EXPECTED.items():
        for name, paths in _programs(package, folder).items():
            language = _program_language(package, paths)
            if language is None:
                continue
            yield Item(
                id=f"{problem.id}/{folder}/{name}",
                language=language,
                solution=_solution(package, paths, f"submissions/{folder}/{name}"),
                style="stdio",
                tests=problem.tests or (),
                checker=problem.checker,
                limits=problem.limits,
                stop_on="first_failure",
                expected=expected,
                problem=problem.id,
            )


def _programs(package: Package, folder: str) -> dict[str, list[str]]:
    """Name -> files of each submission: a file, or all files of a folder."""
    found: dict[str, list[str]] = {}
    for path in package.below(f"submissions/{folder}"):
        found.setdefault(PurePosixPath(path).parts[2], []).append(path)
    return found


def _program_language(package: Package, paths: list[str]) -> str | None:
    """By the first source; None for notes and the like."""
    sources = [path for path in paths if _language(path)]
    if not sources:
        return None
    old = _language(sources[0]) == "python" and PYTHON_2.match(_source_text(package, sources[0]))
    return "python2" if old else _language(sources[0])


def _solution(package: Package, paths: list[str], root: str) -> str | dict[str, str]:
    """Source text, or path -> text, the file that starts the program first."""
    if paths == [root]:
        return _source_text(package, root)
    ordered = sorted(paths, key=lambda path: (PurePosixPath(path).stem not in ("main", "__main__"), path))
    return {
        _as_spoken(PurePosixPath(path).relative_to(root)): _source_text(package, path) for path in ordered
    }


def _as_spoken(path: PurePosixPath) -> str:
    """C++ has many suffixes, and compilers are given the files of one."""
    return str(path.with_suffix(".cpp") if LANGUAGES.get(path.suffix) == "cpp" else path)


def _language(path: str) -> str:
    return LANGUAGES.get(PurePosixPath(path).suffix, "")


def _source_text(package: Package, path: str) -> str:
    """Old sources have names in Latin-1 in their comments."""
    content = package.content(path)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _reference(package: Package) -> tuple[str, str | None]:
    """Language and text of an accepted submission of one file: in Python, or in the first language that is spoken."""
    found: dict[str, str] = {}
    for name, paths in _programs(package, "accepted").items():
        language = _program_language(package, paths)
        if language in spoken_names() and paths == [f"submissions/accepted/{name}"]:
            found.setdefault(language or "", paths[0])
    if not found:
        return "python", None
    best = "python" if "python" in found else next(iter(found))
    return best, _source_text(package, found[best])
