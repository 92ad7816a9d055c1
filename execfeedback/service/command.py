"""What `execfeedback serve` does."""

import os
from pathlib import Path

import uvloop

from execfeedback.config import load_config
from execfeedback.errors import InputError
from execfeedback.library import ADDRESSES, backend_of
from execfeedback.service.callers import read_callers
from execfeedback.service.runner import Settings
from execfeedback.service.serving import listening, serve
from execfeedback.types import Value


class Options(Value):
    """As on the command line."""

    host: str = "127.0.0.1"
    port: int = 8080
    unix: Path | None = None
    token_file: Path | None = None
    workers: int = 2
    memory_mb: int | None = None
    queue: int = 1024
    wait_s: float = 30.0
    body_mb: int = 64
    suites_mb: int = 256
    cache_mb: int = 0
    drain_s: int = 30
    sandbox: str | None = None


def run(options: Options) -> int:
    """Blocking, until a signal, which is returned. Raises InputError and SandboxError before anything is served."""
    sandbox = load_config(flags={"sandbox": {"backend": options.sandbox}}).sandbox
    if sandbox.backend.startswith(ADDRESSES):
        raise InputError(f"serve runs programs itself: --sandbox docker or local, not {sandbox.backend}")
    callers = read_callers(options.token_file) if options.token_file else []
    settings = Settings(
        slots=options.workers,
        memory_mb=options.memory_mb or machine_mb() * 4 // 5,
        job_memory_mb=sandbox.memory_mb,
        **options.model_dump(include=Settings.model_fields.keys() - {"slots", "memory_mb"}),
    )
    pool = backend_of(sandbox, options.workers)
    with listening(options.host, options.port, options.unix, callers) as sock:
        return uvloop.run(serve(pool, sock, settings, callers, backend=sandbox.backend))


def machine_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
