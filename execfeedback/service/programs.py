"""A plain program as a job: what every dialect runs. Its output is not judged here."""

from execfeedback import jobs
from execfeedback.commands import compile_steps, filled, with_grace
from execfeedback.errors import InputError
from execfeedback.languages import language
from execfeedback.types import FileText, Job, LimitsGiven, Step, StepResult, Value

LEAST_S, MOST_S = 0.05, 3600.0
DEFAULT_MB = 1024
"""Memory of a program whose caller names none."""
CHECKS = {"bash", "css", "html", "javascript", "lua", "perl", "php", "r", "ruby"}
"""Languages whose `compile` only looks at the syntax. Elsewhere an interpreter finds such faults when it gets there."""
SHARED = {"X-Execfeedback-Integrity": "shared"}
"""For a reply about solution and tests that were one program."""


class Program(Value):
    """Source text and how it is to be run. Times in seconds."""

    language: str
    code: str
    name: str | None = None
    """File name of the source; None is the language's own."""
    stdin: str = ""
    args: tuple[str, ...] = ()
    files: dict[str, FileText] = {}  # noqa: RUF012
    compile_s: float = 10.0
    compile_cpu_s: float | None = None
    run_s: float = 10.0
    run_cpu_s: float | None = None
    memory_mb: int = DEFAULT_MB
    output_kb: int = 1024


def program_job(program: Program) -> Job:
    """Raises InputError for a language that is not there, and for paths that lead out of the run's directory."""
    spoken = language(program.language)
    source = program.name or spoken.source_of(program.code)
    files: dict[str, FileText] = {**program.files, source: program.code}
    if wrong := jobs.wrong_files(files):
        raise InputError(wrong)
    limits = with_grace(limits_of(program).over(spoken.limits), spoken.grace)
    words = filled(spoken.run, spoken, source, files, limits)
    argv = tuple(source if word == spoken.source else word for word in words)
    commands = () if spoken.name in CHECKS else spoken.compile
    compiling = compile_steps(commands, spoken, source, files, limits, spoken.env)
    return Job(
        environment=spoken.image,
        files=files,
        limits=limits,
        compile=tuple(compile_step(step, program) for step in compiling),
        steps=(
            Step(
                argv=(*argv, *program.args),
                stdin=program.stdin,
                warm=spoken.warm,
                env=spoken.env,
                spread=spoken.threads,
            ),
        ),
    )


def limits_of(program: Program) -> LimitsGiven:
    return LimitsGiven(
        wall_s=within(program.run_s),
        cpu_s=within(program.run_cpu_s or program.run_s),
        memory_mb=program.memory_mb,
        output_kb=program.output_kb,
    )


def compile_step(step: Step, program: Program) -> Step:
    """With the time that the caller gives its compiler, and the rest as the language has it."""
    assert step.limits is not None
    told = {
        "wall_s": within(program.compile_s),
        "cpu_s": within(program.compile_cpu_s or program.compile_s),
    }
    return step.model_copy(update={"limits": step.limits.model_copy(update=told)})


def within(seconds: float) -> float:
    return min(max(seconds, LEAST_S), MOST_S)


def exit_status(step: StepResult) -> int:
    """As a parent process sees it: the exit code, or minus the signal. What a limit other than time ended was killed."""
    if step.cause in ("memory", "output") or step.exit_code is None:
        return -(step.signal or 9)
    return step.exit_code


def timed_out(step: StepResult) -> bool:
    return step.cause in ("cpu", "wall")
