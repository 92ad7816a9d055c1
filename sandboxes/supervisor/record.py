"""What passed between the two sides of a split run, kept for a replay (see replay.py)."""

MOST_BYTES = 8 << 20
"""A longer conversation is not kept, and nothing is replayed."""


class Record:
    """What passed between the two sides: (request or None, printed before the reply, reply), in order."""

    def __init__(self):
        self.turns, self.size, self.request = [], 0, None

    def asked(self, payload):
        self.request = payload

    def answered(self, printed, payload):
        self.size += len(payload) + len(printed) + len(self.request or b"")
        if self.size <= MOST_BYTES:
            self.turns.append((self.request, printed, payload))

    def whole(self):
        return self.size <= MOST_BYTES and len(self.turns) > 1
