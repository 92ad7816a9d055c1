"""From a verify item to the jobs that answer it. Pure; raises InputError for an item that says what cannot be."""

from pathlib import PurePosixPath

from execfeedback.errors import InputError
from execfeedback.languages import Language
from execfeedback.types import Case, FileText, FloatChecker, Item, Job, Limits, Split, StdioCase, Step


def limits_of(item: Item, language: Language) -> Limits:
    return item.limits.over(language.limits)


def files_of(item: Item, language: Language) -> dict[str, FileText]:
    """The solution's files, its main one under the name that the language gives it."""
    if isinstance(item.solution, str):
        own: dict[str, FileText] = {language.source: item.solution}
    elif not item.solution:
        raise InputError(f"item {item.id!r}: field 'solution' has no file; give the text, or path -> text")
    else:
        own = dict(item.solution)
        own.setdefault(language.source, next(iter(item.solution.values())))
    clash = own.keys() & item.solution_files.keys()
    if clash:
        raise InputError(
            f"item {item.id!r}: {sorted(clash)[0]!r} is both in 'solution' and in 'solution_files'"
        )
    return checked_paths(item, {**own, **item.solution_files})


def checked_paths(item: Item, files: dict[str, FileText]) -> dict[str, FileText]:
    for path in files:
        parts = PurePosixPath(path).parts
        if (
            not parts
            or path.startswith("/")
            or ".." in parts
            or "\0" in path
            or any(len(p) > 200 for p in parts)
        ):
            raise InputError(
                f"item {item.id!r}: file path {path!r} must be relative and stay inside the run's directory"
            )
    return files


def split_job(item: Item, language: Language, *, write_back: bool, fresh_seed: int | None = None) -> Job:
    """The tests in a judge process, the solution in its own."""
    if item.style in ("humaneval", "cases") and not item.entry_point:
        raise InputError(f"item {item.id!r}: style {item.style!r} needs the field 'entry_point'")
    if item.style == "cases":
        return case_job(item, language, cases_in(item), write_back=write_back, fresh_seed=fresh_seed)
    if not isinstance(item.tests, str):
        raise InputError(f"item {item.id!r}: field 'tests' must be text for style {item.style!r}")
    assert item.style in ("asserts", "humaneval", "pytest", "unittest")
    split = Split(
        style=item.style,
        tests=item.tests,
        entry_point=item.entry_point,
        contract=item.contract,
        write_back=write_back,
        stop_on_failure=item.stop_on == "first_failure",
        files=checked_paths(item, item.files),
    )
    return job(item, language, split=split, fresh_seed=fresh_seed)


def case_job(
    item: Item,
    language: Language,
    cases: tuple[Case, ...],
    *,
    write_back: bool,
    fresh_seed: int | None = None,
) -> Job:
    """These cases, whatever the item's own tests are."""
    if not item.entry_point:
        raise InputError(f"item {item.id!r}: cases need the field 'entry_point'")
    tolerance = item.checker.float if isinstance(item.checker, FloatChecker) else item.contract.tolerance
    split = Split(
        style="cases",
        cases=cases,
        entry_point=item.entry_point,
        contract=item.contract.model_copy(update={"tolerance": tolerance}),
        write_back=write_back,
        unordered=item.checker == "unordered",
        stop_on_failure=item.stop_on == "first_failure",
    )
    return job(item, language, split=split, fresh_seed=fresh_seed)


def stdio_job(
    item: Item, language: Language, cases: tuple[StdioCase, ...], *, fresh_seed: int | None = None
) -> Job:
    """One run of the program for each case; only its stdin goes into the sandbox."""
    steps = tuple(Step(argv=language.run, stdin=case.stdin, warm=language.warm) for case in cases)
    return job(item, language, steps=steps, fresh_seed=fresh_seed)


def job(
    item: Item,
    language: Language,
    *,
    steps: tuple[Step, ...] = (),
    split: Split | None = None,
    fresh_seed: int | None = None,
) -> Job:
    return Job(
        environment=item.environment or language.image,
        files=files_of(item, language),
        limits=limits_of(item, language),
        steps=steps,
        split=split,
        fresh_seed=fresh_seed,
    )


def cases_in(item: Item) -> tuple[Case, ...]:
    cases = item.tests if isinstance(item.tests, tuple) else ()
    found = tuple(c for c in cases if isinstance(c, Case))
    if isinstance(item.tests, str) or len(found) != len(cases):
        raise InputError(
            f"item {item.id!r}: field 'tests' must be a list of {{\"args\", \"expected\"}} for style 'cases'"
        )
    return found


def stdio_in(item: Item) -> tuple[StdioCase, ...]:
    cases = item.tests if isinstance(item.tests, tuple) else ()
    found = tuple(c for c in cases if isinstance(c, StdioCase))
    if isinstance(item.tests, str) or len(found) != len(cases):
        raise InputError(
            f"item {item.id!r}: field 'tests' must be a list of {{\"stdin\", \"stdout\"}} for style 'stdio'"
        )
    return found
