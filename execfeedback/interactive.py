"""Interactive problems in the Kattis form: an interactor talks with the solution while both run. Pure.

The interactor is a special judge that gets input, answer and a folder as arguments; its stdin is what the solution prints, and
the other way round. It exits with 42 to accept and with 43 for a wrong answer; any other end is its own fault.
"""

from execfeedback.commands import compile_steps, filled, with_grace
from execfeedback.jobs import judge_limits, stdio_job
from execfeedback.judge import LIMIT_VERDICTS, Decision, step_verdict
from execfeedback.languages import Language, language, languages, spoken_names
from execfeedback.types import (
    Execution,
    Failure,
    Item,
    Job,
    Limits,
    SpecialJudge,
    StdioCase,
    Step,
    StepResult,
    Talk,
)

ACCEPTED, WRONG = 42, 43
MOST_SHOWN = 4000
MISSING_MODULE = "ModuleNotFoundError"


def interactor_of(item: Item) -> SpecialJudge | None:
    """The interactor of an item, if it has one."""
    checker = item.checker
    return checker if isinstance(checker, SpecialJudge) and checker.interactive else None


def environment_for(item: Item, spoken: Language, checker: SpecialJudge) -> str | None:
    """An image that speaks both languages: the solution's or the interactor's, each of which speaks Python and the languages
    that it is built upon. None where there is no such image."""
    if checker.language not in spoken_names():
        return None
    theirs = language(checker.language)
    if theirs.name in spoken_by(spoken):
        return item.environment or spoken.image
    return theirs.image if item.environment is None and spoken.name in spoken_by(theirs) else None


def spoken_by(one: Language) -> set[str]:
    """Languages that the image of this one speaks."""
    below = spoken_by(languages()[one.base]) if one.base else {"python"}
    return {one.name, *below}


def interactive_job(
    item: Item,
    spoken: Language,
    checker: SpecialJudge,
    cases: tuple[StdioCase, ...],
    environment: str,
    fresh_seed: int | None,
) -> Job:
    """One conversation for each case. Its input and its answer are the interactor's alone."""
    job = stdio_job(item, spoken, tuple(StdioCase(stdout="") for _ in cases), fresh_seed=fresh_seed)
    interactor = interactor_job(checker, cases, job.limits)
    return job.model_copy(update={"environment": environment, "interactor": interactor})


def interactor_job(checker: SpecialJudge, cases: tuple[StdioCase, ...], limits: Limits) -> Job:
    spoken = language(checker.language)
    source, own = spoken.source_of(checker.source), with_grace(judge_limits(limits, spoken), spoken.grace)
    files = {source: checker.source}
    run = filled(spoken.run, spoken, source, files, own)
    names = [(f"{number}.in", f"{number}.ans") for number in range(1, len(cases) + 1)]
    data = {
        name: text
        for pair, case in zip(names, cases, strict=True)
        for name, text in zip(pair, (case.stdin, case.stdout), strict=True)
    }
    return Job(
        environment=spoken.image,
        files={**files},
        data={**data},
        limits=own,
        compile=compile_steps(spoken.compile, spoken, source, files, own, spoken.env),
        steps=tuple(
            Step(
                argv=(*run, *pair, "./", *checker.flags),
                warm=spoken.warm,
                env=spoken.env,
                spread=spoken.threads,
            )
            for pair in names
        ),
    )


# ---- what it means ------------------------------------------------------------------------------------------------------


def interactor_decision(execution: Execution) -> Decision | None:
    """None where the interactor compiled, or needed no compiler."""
    compiled = execution.interactor_compile
    if not compiled or (compiled[-1].cause == "exited" and compiled[-1].exit_code == 0):
        return None
    said = (compiled[-1].stderr or compiled[-1].stdout)[-8000:]
    failure = Failure(test="tests", message="the interactor does not compile", traceback=said)
    return "bad_tests", ("tests_error",), failure


def talk_decision(case: StdioCase, step: StepResult, talk: Talk, number: int, own_image: bool) -> Decision:
    """Whose fault it is: limits first, then an interactor that ended without a judgement, then whoever ended first."""
    theirs, test = talk.step, f"case {number}"
    failed = Failure(test=test, message=told(case, step, theirs), traceback=step.stderr[-8000:])
    if step.cause in LIMIT_VERDICTS:
        return LIMIT_VERDICTS[step.cause], (step.cause,), failed
    if theirs.cause in LIMIT_VERDICTS:
        message = f"the interactor overran a limit: {theirs.cause}"
        return "bad_tests", ("tests_limit",), Failure(test=test, message=message)
    if not own_image and step.exit_code and MISSING_MODULE in step.stderr:
        message = "the program needs a package that the image of the interactor's language lacks"
        return (
            "unverifiable",
            ("interactor_language",),
            Failure(test=test, message=message, traceback=step.stderr),
        )
    if theirs.exit_code not in (ACCEPTED, WRONG):
        message = f"the interactor gave no judgement ({how_it_ended(theirs)})"
        return (
            "bad_tests",
            ("tests_error",),
            Failure(test=test, message=message, traceback=theirs.stderr[-8000:]),
        )
    if theirs.exit_code == WRONG and (talk.first or step_verdict(step, accepted=True)[0] == "passed"):
        return "wrong_answer", ("interactor",), failed
    name, reasons = step_verdict(step, accepted=True)
    return name, reasons, None if name == "passed" else failed


def how_it_ended(step: StepResult) -> str:
    return f"signal {step.signal}" if step.signal is not None else f"exit code {step.exit_code}"


def told(case: StdioCase, step: StepResult, theirs: StepResult) -> str:
    """The conversation as far as a person wants to read it."""
    parts = {"input": case.stdin, "the interactor said": theirs.stdout, "the program said": step.stdout}
    return "\n".join(f"{title}:\n{text[:MOST_SHOWN]}" for title, text in parts.items())
