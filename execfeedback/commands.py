"""From a language's commands to steps. Pure."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from execfeedback.languages import Command, Compiling, Grace, Language
from execfeedback.types import Limits, Step


def filled(
    command: Command, spoken: Language, source: str, paths: Mapping[str, object], limits: Limits
) -> Command:
    """The command with its words in braces replaced; `paths` are all files of the run's directory."""
    words: list[str] = []
    for word in command:
        if word == "{sources}":
            words += sources(spoken, source, paths)
        else:
            stem = spoken.name_of(source, paths.get(source, ""))
            words.append(replaced(word, source, stem, limits.memory_mb - spoken.grace.memory_mb))
    return tuple(words)


def sources(spoken: Language, source: str, paths: Mapping[str, object]) -> list[str]:
    """The main file, and every other one with its suffix."""
    others = sorted(path for path in paths if PurePosixPath(path).suffix == spoken.suffix and path != source)
    return [plain(path) for path in (source, *others)]


def plain(path: str) -> str:
    """The path as a compiler takes it for a file, whatever it is called."""
    return f"./{path}" if path.startswith("-") else path


def replaced(word: str, source: str, stem: str, memory_mb: int) -> str:
    for name, text in (("{source}", plain(source)), ("{stem}", stem), ("{memory_mb}", str(memory_mb))):
        word = word.replace(name, text)
    return word


def compile_steps(
    commands: tuple[Command, ...],
    spoken: Language,
    source: str,
    paths: Mapping[str, object],
    limits: Limits,
    env: dict[str, str],
) -> tuple[Step, ...]:
    """With the compiler's own limits: the item's are for the solution."""
    own = compiling_limits(spoken.compiling, limits)
    return tuple(
        Step(argv=filled(command, spoken, source, paths, own), env=env, limits=own, spread=True)
        for command in commands
    )


def compiling_limits(compiling: Compiling, limits: Limits) -> Limits:
    return limits.model_copy(update=compiling.model_dump())


def with_grace(limits: Limits, grace: Grace) -> Limits:
    """The limits, and beyond them what the language's run-time takes for itself."""
    if grace == Grace():
        return limits
    return limits.model_copy(
        update={
            "cpu_s": limits.cpu_s + grace.cpu_s,
            "wall_s": limits.wall_s + 2 * grace.cpu_s,
            "memory_mb": limits.memory_mb + grace.memory_mb,
            "processes": limits.processes + grace.processes,
        }
    )
