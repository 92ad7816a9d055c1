"""Many at one time, or one alone."""

import threading
import time

from execfeedback.sandbox.turns import Turns


def test_whoever_is_alone_is_alone_and_nobody_waits_for_ever() -> None:
    turns, inside, seen = Turns(), set[str](), list[tuple[str, int]]()

    def enter(name: str, alone: bool) -> None:
        for _ in range(20):
            with turns.alone() if alone else turns.among_others():
                inside.add(name)
                time.sleep(0.001)
                seen.append((name, len(inside)))
                inside.discard(name)

    threads = [threading.Thread(target=enter, args=(f"{n}", n < 2), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert not any(thread.is_alive() for thread in threads) and len(seen) == 120
    assert {count for name, count in seen if name in "01"} == {1}
    assert max(count for name, count in seen if name not in "01") > 1


def test_a_fault_inside_gives_the_turn_back() -> None:
    turns = Turns()
    for enter in (turns.alone, turns.among_others, turns.alone):
        try:
            with enter():
                raise OSError
        except OSError:
            continue

    assert (turns.inside, turns.wanted_alone) == (0, False)
