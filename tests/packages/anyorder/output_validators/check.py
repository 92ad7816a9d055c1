"""Output validator: input, answer and feedback folder, then flags; 42 accepts, 43 does not."""

import sys
from pathlib import Path

ACCEPT, REFUSE = 42, 43


def judged(total: int, words: list[str], least: int) -> int:
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        return REFUSE
    one, other = map(int, words)
    return ACCEPT if one + other == total and min(one, other) >= least else REFUSE


least = 1 if "positive" in sys.argv[4:] else 0
sys.exit(judged(int(Path(sys.argv[1]).read_text()), sys.stdin.read().split(), least))
