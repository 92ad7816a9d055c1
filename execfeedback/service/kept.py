"""Values kept by their content's digest, the oldest given up when there are too many bytes."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """At most `most` bytes; with 0 nothing is kept."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self.values: OrderedDict[str, tuple[V, int]] = OrderedDict()

    def get(self, key: str) -> V | None:
        """The value, which is now the last to go."""
        if key not in self.values:
            return None
        self.values.move_to_end(key)
        return self.values[key][0]

    def put(self, key: str, value: V, size: int) -> bool:
        """Whether it fits at all."""
        if size > self.most:
            return False
        self.size -= self.values.pop(key, (value, 0))[1]
        self.values[key] = (value, size)
        self.size += size
        while self.size > self.most:
            self.size -= self.values.popitem(last=False)[1][1]
        return True
