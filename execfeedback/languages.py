"""Languages as data: one TOML each in `sandboxes/languages/`. Only what differs, and the programs that prove it works.

A harness' file that is empty is the one of the same name in the language that it is built `from`.

Words in braces in a command are filled in: `{source}` the solution's file, `{sources}` all files with its suffix, `{stem}`
its name without suffix, `{memory_mb}` the memory limit. In a harness' files, `@SOLUTION@`, `@TESTS@` and `@ENTRY@` stand
for these texts, `@EACH@`, `@OWN@` and `@LEAVE@` for what `Harness` says, `@PACKAGE@` for the solution's package; in `cases`
also `@BIND@`, `@NAMES@`, `@AFTER@` (see `Cases`).
"""

import re
import tomllib
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, ValidationError, field_validator

from execfeedback.errors import InputError
from execfeedback.types import Limits, Style, Tests, Value

Command = tuple[str, ...]
BYTE_ORDER_MARK = "\ufeff"
"""Ahead of a text: not every compiler passes over it."""


class Proof(Value):
    """A program that must pass and one that must fail."""

    style: Style
    tests: Tests
    passes: str
    fails: str
    entry_point: str | None = None


class Compiling(Value):
    """Limits of each compile command, whatever the item's are: a compiler is a large program."""

    cpu_s: float = 20.0
    wall_s: float = 60.0
    memory_mb: int = 1536
    processes: int = 128
    disk_mb: int = 128


class Grace(Value):
    """What the language's own run-time needs, added to the limits of every item."""

    cpu_s: float = 0.0
    memory_mb: int = 0
    processes: int = 0


class Harness(Value):
    """Solution and tests as one program: files, and what is done with them where it is not the language's own way."""

    when: str = ""
    """Regular expression: the tests that it is for; the first harness that fits is taken."""
    files: dict[str, str] = {}
    carry: str = ""
    """Regular expression: lines of the solution (imports) that go ahead of tests which have none of their own."""
    aside: dict[str, str] = {}
    """Regular expression -> replacement: what of a solution would stand in the tests' way, such as a `main` of its own."""
    once: str = ""
    """Regular expression: lines of the tests (imports) that are left out where the solution, which shares a file with them, has
    the same."""
    leaving: dict[str, str] = {}
    """Regular expression -> replacement: how tests end by an exit that is their last statement. `@LEAVE@` is a function of the
    harness that says that they ended, under a name that only their own text tells."""
    each: str = ""
    """What `@EACH@` says for each test, `{test}` being its name."""
    compile: tuple[Command, ...] | None = None
    run: Command | None = None
    env: dict[str, str] = {}
    tests: str = ""
    """Regular expression: the names of the tests in their text (group 1, or all). Empty: the program is one test, and
    ends with the line `@NONCE@ ended`, NONCE being the first line of its input."""
    comments: str = ""
    """Regular expression: what is no code in the tests, strings and comments, and so names no test."""
    hooks: str = ""
    """Regular expression: names that `@EACH@` says as well, and that need not report."""
    strays: str = ""
    """Regular expression: names that look like those of tests. One that is neither test nor hook makes bad tests: it would
    not run."""
    own: str = ""
    """Regular expression: names in the tests that no solution may define (group `own`), unless the tests do (`defined`) or it
    is the entry point. A name of the group `either` may be a function that is tested, unless the item says which one is."""
    each_own: tuple[str, ...] = ()
    """What `@OWN@` says: each line for all of these names, `{name}` being one, then the next."""
    results: str = ""
    """Regular expression: a test's `name` and `outcome` in what the program prints; `@NONCE@` as in `tests`."""
    ended: str = ""
    """Regular expression: what the framework prints when all tests have run; `@NONCE@` as in `tests`."""
    passed: str = "PASS"
    """The outcome of a test that passed."""
    skipped: str = "SKIP"
    """The outcome of a test that its own text leaves out: it does not count."""
    failed: str = ""
    """Regular expression: what is printed when an assertion failed, and not the program."""
    missing: str = ""
    """Regular expression: what compiler or program say when there is no such framework; what group 1 names is the tests' where
    they name it as well."""
    broken: str = ""
    """Regular expression: what the compiler says of tests that are no program, whatever the solution is."""


class Cases(Value):
    """Calls with given values: a harness that reads tokens from its input and prints tokens (`tokens.py`)."""

    files: dict[str, str]
    compile: tuple[Command, ...] | None = None
    run: Command | None = None
    bind: str = ""
    """For each argument, `{i}` being its number: reads it into a variable."""
    name: str = "a{i}"
    aside: dict[str, str] = {}
    """Regular expression -> replacement: what of a solution would stand in the driver's way, such as a `main` of its own."""
    after: dict[str, str] = {}
    """Regular expression -> a line for each match in the solution: what `@AFTER@` says."""
    signature: str = ""
    """How a solution must look, for those who are to write one: `{name}`, `{params}`, `{returns}`."""
    param: str = "{name}"
    vague: str = ""
    """Which of the words `e`, `b`, `c` its answers have (`tokens`): a language that tells more apart has no use for them."""
    int_bits: int = 64
    """What an integer holds, its sign included; 0 is without end."""
    types: dict[str, str] = {}
    """What `int`, `float`, `string`, `bool`, `list`, `map`, `optional` are called; `{0}` and `{1}` are what is inside; with
    the suffix `_inside`, how they are called there."""


class Checking(Value):
    """A static checker: a command over the solution's file, and how a finding looks."""

    tool: str
    run: Command
    env: dict[str, str] = {}
    finding: str
    """Regular expression with the groups `line`, `message`, and where it has them `severity`, `rule`, `file`."""
    gates: tuple[str, ...] = ("error",)
    """Severities that keep a solution out."""
    severity: str = "warning"
    """Of findings that do not say it."""


class Language(Value):
    name: str
    title: str = ""
    aliases: tuple[str, ...] = ()
    base: str | None = Field(None, alias="from")
    """The language whose image its own is built on; none: Debian with Python."""
    packages: tuple[str, ...] = ()
    """Debian packages."""
    setup: tuple[str, ...] = ()
    """Shell lines, run as root when the image is built, without network."""
    version: Command = ("python3", "-V")
    source: str
    """File name of a solution that comes as one text."""
    stem: tuple[str, ...] = ()
    """Regular expressions for `{stem}`; the first that is found in the solution says it (group 1)."""
    default_stem: str = "solution"
    comments: str = ""
    """Regular expression: what is no code. Where it is given, `stem` is looked for in declarations alone: each that is in no
    other begins a line, what is inside of it follows in the same line, and bodies within that are empty."""
    package: str = ""
    """Regular expression: the package that a file declares; `{stem}` in a command is then the name within it."""
    compile: tuple[Command, ...] = ()
    run: Command
    env: dict[str, str] = {}
    warm: bool = False
    """`run` may be a fork of a warm interpreter."""
    threads: bool = False
    """Its run-time has threads of its own, which may run on other cores."""
    split: bool = False
    """Tests in this language can be judged outside the solution's process."""
    programs: bool = True
    """Whether a solution may be a program (style `stdio`)."""
    main: bool = False
    """Of the ten that are proven with every test run."""
    limits: Limits = Limits()
    compiling: Compiling = Compiling()
    grace: Grace = Grace()
    native: tuple[Harness, ...] = ()
    cases: Cases | None = None
    static: tuple[Checking, ...] = ()
    proof: Proof

    model_config = {"populate_by_name": True}

    @field_validator("native", mode="before")
    @classmethod
    def one_or_more(cls, given: Any) -> Any:
        """A harness that says `like = true` is the one before it but for what it says."""
        if not isinstance(given, list):
            return [given] if isinstance(given, dict) else given
        made: list[Any] = []
        for one in given:
            made.append(differing(made[-1], one) if isinstance(one, dict) and one.get("like") else one)
        return made

    @property
    def image(self) -> str:
        """The environment whose image speaks it."""
        return self.name

    @property
    def suffix(self) -> str:
        return Path(self.source).suffix

    def stem_of(self, text: str, default: str | None = None) -> str:
        """The name that the text's file must have."""
        text = text.removeprefix(BYTE_ORDER_MARK)
        code = declarations(self.code_of(text)) if self.comments else text
        found = (re.search(pattern, code, re.M) for pattern in self.stem)
        return next((match.group(1) for match in found if match), default or self.default_stem)

    def code_of(self, text: str) -> str:
        return re.sub(self.comments, " ", text) if self.comments else text

    def name_of(self, path: str, text: object) -> str:
        """How a program names what is in the file."""
        stem, package = PurePosixPath(path).stem, self.package_of(text)
        return f"{package}.{stem}" if package else stem

    def package_of(self, text: object) -> str:
        """Empty where it declares none."""
        found = re.search(self.package, self.code_of(str(text)), re.M) if self.package else None
        return found.group(1) if found else ""

    def source_of(self, text: str, default: str | None = None) -> str:
        return self.source.replace("{stem}", self.stem_of(text, default))


def declarations(code: str) -> str:
    """Each on a line, the bodies of what is inside of one empty."""
    depth, lines = 0, ""
    for piece in re.split(r"([{}])", code):
        if piece == "}":
            depth -= 1
        if depth < 2:
            outside = re.sub(r"\s+", " ", piece)
            lines += outside.replace("; ", ";\n") if depth == 0 else outside
        if piece == "}" and depth == 0:
            lines += "\n"
        if piece == "{":
            depth += 1
    return lines


def differing(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in given.items() if name != "like"}
    return {**before, **own, "files": {**before["files"], **own.get("files", {})}}


def folder() -> Path:
    """Where the language files are: in a source checkout, or in the installed package."""
    here = Path(__file__).resolve().parent
    for sandboxes in (here / "_sandboxes", here.parent / "sandboxes"):
        if (sandboxes / "languages").is_dir():
            return sandboxes / "languages"
    raise InputError(
        "the installation is incomplete: sandboxes/languages is missing; install execfeedback again"
    )


@cache
def languages() -> dict[str, Language]:
    """Every language by its name."""
    read_ones = [read(path) for path in sorted(folder().glob("*.toml"))]
    found = {language.name: language for language in read_ones}
    return {name: with_shared_files(language, found) for name, language in found.items()}


def with_shared_files(language: Language, known: dict[str, Language]) -> Language:
    """An empty file of a harness is the one of that name in the language below. Raises InputError where there is none."""
    if language.base is None:
        return language
    below = known.get(language.base)
    if below is None:
        raise InputError(f"language {language.name}: there is no language {language.base!r} to build upon")
    shared = {path: text for harness in below.native for path, text in harness.files.items()}
    native = tuple(
        harness.model_copy(update={"files": completed(harness.files, shared)}) for harness in language.native
    )
    if language.cases is None:
        return language.model_copy(update={"native": native})
    own = completed(language.cases.files, below.cases.files if below.cases else {})
    return language.model_copy(
        update={"native": native, "cases": language.cases.model_copy(update={"files": own})}
    )


def completed(files: dict[str, str], shared: dict[str, str]) -> dict[str, str]:
    return {path: text or shared.get(path, "") for path, text in files.items()}


@cache
def spoken_names() -> frozenset[str]:
    """All names and aliases."""
    return frozenset(name for one in languages().values() for name in (one.name, *one.aliases))


def read(path: Path) -> Language:
    try:
        return Language.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise InputError(f"{path}: {error}") from error


def language(name: str) -> Language:
    """The language of that name or alias; raises InputError that lists what there is."""
    known = languages()
    if name in known:
        return known[name]
    for one in known.values():
        if name in one.aliases:
            return one
    raise InputError(f"unknown language {name!r}; there are: {', '.join(sorted(known))}")
