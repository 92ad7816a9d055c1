"""Python programs as forks of one warm interpreter: each a process of its own, without the start of an interpreter.

Directory, environment, standard streams and exit status are the program's own; its imports are mostly there already, and
its hash seed is 1.
"""

import asyncio
import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from unittest.mock import patch

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "docker",
        "typer.rich_utils",
        "unittest.mock",
        "execfeedback.cli.grow_plan",
        "execfeedback.audit.command",
        "execfeedback.exporters.files",
        "execfeedback.report",
        "execfeedback.reverify_command",
        "execfeedback.service.command",
        "execfeedback.verify_command",
    ]
)
_PATIENCE_S = 180


class Fork:
    """`program` called in `cwd` with `sys.argv`, an environment and standard input. A context: it ends with it."""

    def __init__(
        self,
        program: Callable[[], object],
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: str | Path = ".",
        stdin: str = "",
    ) -> None:
        self._folder = TemporaryDirectory()
        self._streams = [Path(self._folder.name, name) for name in ("stdin", "stdout", "stderr")]
        self._streams[0].write_text(stdin, "utf-8")
        given = (program, list(argv), dict(environment), str(cwd), self._streams)
        with patch.dict(os.environ, PYTHONHASHSEED="1"):  # of the warm interpreter, if this starts it
            forkserver.ensure_running()
        self.process: BaseProcess = _FORKS.Process(target=_child, args=given)
        self.process.start()

    def __enter__(self) -> "Fork":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.process.close()
        self._folder.cleanup()

    async def over(self) -> None:
        """Waits for its end beside other tasks."""
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self.process.sentinel, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(self.process.sentinel)

    def ended(self) -> CompletedProcess[str]:
        """Its exit status and what it wrote, once it has ended."""
        self.process.join(_PATIENCE_S)
        assert self.process.exitcode is not None, f"still runs after {_PATIENCE_S} s"
        out, err = (path.read_text("utf-8") for path in self._streams[1:])
        return CompletedProcess((), self.process.exitcode, out, err)


def _child(
    program: Callable[[], object], argv: list[str], environment: dict[str, str], cwd: str, streams: list[Path]
) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = argv
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    program()


def script(path: str) -> None:
    """What `python path` runs."""
    sys.path[0] = str(Path(path).parent.resolve())
    runpy.run_path(path, run_name="__main__")


def console(*arguments: object, **environment: str) -> CompletedProcess[str]:
    """The console script, with no setting of this project in its environment but those given."""
    from execfeedback.cli import main

    clean = {name: value for name, value in os.environ.items() if not name.startswith("EXECFEEDBACK_")}
    with Fork(main, ["execfeedback", *map(str, arguments)], environment=clean | environment) as fork:
        return fork.ended()
