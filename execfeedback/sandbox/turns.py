"""Many at one time, or one alone: for a job that is tried again where nothing else can be the reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """For threads. Whoever wants to be alone waits for those inside, and nobody else enters meanwhile."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.inside, self.wanted_alone = 0, False

    @contextmanager
    def among_others(self) -> Iterator[None]:
        with self.changed:
            self.changed.wait_for(lambda: not self.wanted_alone)
            self.inside += 1
        try:
            yield
        finally:
            with self.changed:
                self.inside -= 1
                self.changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.changed:
            self.changed.wait_for(lambda: not self.wanted_alone)
            self.wanted_alone = True
            self.changed.wait_for(lambda: self.inside == 0)
        try:
            yield
        finally:
            with self.changed:
                self.wanted_alone = False
                self.changed.notify_all()
