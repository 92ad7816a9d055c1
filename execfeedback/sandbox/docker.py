"""The Docker backend: warm, hardened containers, each with our supervisor as process 1.

Host and supervisor talk in frames over the container's attached stdin and stdout, so the backend needs no port, no
`exec` and no file of the host, and works with a remote or rootless engine as well.
"""

from contextlib import ExitStack, closing

from execfeedback.sandbox import engine, images, leftovers
from execfeedback.sandbox.pool import Pool
from execfeedback.sandbox.slot import MOST_GRACE_MB, MOST_OPEN_FILES, MOST_PROCESSES, Slot, host_options


class Containers:
    """Containers of one engine, labelled as this process' own."""

    def __init__(self, memory_mb: int, disk_mb: int, runtime: str | None, needs: str) -> None:
        self.runtime, self.needs = runtime, needs
        self.options = host_options(memory_mb, disk_mb, runtime)
        self.offered = {
            "memory_mb": memory_mb + MOST_GRACE_MB,
            "disk_mb": disk_mb,
            "processes": MOST_PROCESSES,
            "files": MOST_OPEN_FILES,
        }

    def open(self) -> None:
        """Raises SandboxMissing without an engine, the runtime that was asked for, or the environment that it needs."""
        with ExitStack() as opened:
            self.client = opened.enter_context(closing(engine.client()))
            if self.runtime is not None:
                engine.check_runtime(self.client, self.runtime)
            leftovers.remove_leftovers(self.client)
            self.labels = {"execfeedback": "slot", "execfeedback.owner": leftovers.owner_label()}
            images.image_for(self.needs)
            self.opened = opened.pop_all()

    def start(self, environment: str, number: int) -> Slot:
        with engine.engine_errors("starting a slot"):
            return Slot(self.client, environment, self.options, self.labels, number)

    def close(self) -> None:
        self.opened.close()


class DockerSandbox(Pool):
    """A pool of `workers` containers; `memory_mb` and `disk_mb` bound what a job may ask for. It opens only where the image
    of the environment `needs` is there; others are looked for when a job asks for them."""

    def __init__(
        self,
        workers: int = 2,
        *,
        memory_mb: int = 2048,
        disk_mb: int = 128,
        runtime: str | None = None,
        needs: str = "python",
        host_slots: int | None = None,
    ) -> None:
        super().__init__(workers, Containers(memory_mb, disk_mb, runtime, needs), host_slots)
