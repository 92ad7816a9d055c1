"""Run a program of this machine to its end, within a time, leaving nothing of it behind."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

GRACE_S = 10


class Ended(NamedTuple):
    code: int
    output: str
    """stdout and stderr together."""

    def last_words(self, characters: int = 800) -> str:
        return self.output.strip()[-characters:]


def finished(argv: Sequence[str], limit_s: float, environment: Mapping[str, str] | None = None) -> Ended:
    """The program's end. Past the limit, or when we are interrupted, its whole process group is ended first.

    Raises subprocess.TimeoutExpired, and FileNotFoundError when there is no such program.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,
    )
    with process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        except BaseException:
            _end_group(process)
            raise
    return Ended(process.returncode, output)


def _end_group(process: "subprocess.Popen[str]") -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
