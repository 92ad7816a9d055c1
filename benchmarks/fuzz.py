"""Arbitrary bytes where untrusted ones arrive: never a crash, a hang or a pass. Coverage-guided, with atheris.

    pip install atheris        # in an environment of its own, with this package's dependencies
    PYTHONPATH=.:sandboxes/supervisor python benchmarks/fuzz.py TARGET [CORPUS_DIR] -max_total_time=600

    values   value trees from the other side: decoded, or refused; what was decoded crosses again and comes out the same;
             with pandas in the environment its tables too
    frames   bytes on a channel of the supervisor: frames, or none, or TooLarge
    wire     a measurement as the host reads it: an Execution that is no pass of an unknown test, or SlotLost
    judge    replies of a solution to real tests whose expected value nobody can know: never passed

Options after the target are libFuzzer's.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(
    include=[
        "values",
        "tables",
        "frames",
        "proxies",
        "asking",
        "references",
        "callbacks",
        "conversation",
        "lineage",
        "judge_asserts",
        "results",
    ]
):
    import conversation
    import frames
    import judge_asserts
    import proxies
    import references
    import results
    import solution_module
    import tables
    import values

with atheris.instrument_imports(include=["execfeedback.sandbox.wire", "execfeedback.judge"]):
    from execfeedback.errors import SlotLost
    from execfeedback.judge import split_verdict
    from execfeedback.sandbox import wire
    from execfeedback.types import Item

ITEM = Item(id="x", language="python", solution="")
SECRET = os.urandom(16).hex()
PLAN = {
    "style": "humaneval",
    "entry_point": "f",
    "tests": f"def check(f):\n    a = f(1)\n    b = f([a])\n    assert b == {SECRET!r}\n    assert a == b\n",
}


class Refs:
    """References stay what they are."""

    enums_cross = False
    once = again = None

    def keeps(self, x: object) -> bool:
        return False

    def parts(self, kind: type) -> list[str]:
        return []

    def of_overriding(self, x: object) -> None:
        return None

    def put(self, x: object) -> object:
        raise values.Refused("no references here")

    def get(self, tree: object) -> object:
        raise values.Refused("no references here")


Provider = atheris.FuzzedDataProvider
TAGS = [*values.READERS, "h", "x", "cb", "ok", "exc", "same", "func", "obj", "class", "call", "next", "?"]
GOLDEN = Path(__file__).resolve().parent.parent / "tests/golden/wire/measurement_split.json"


def tree(given: Provider, depth: int = 0) -> Any:
    """A JSON tree, mostly in the form of our own."""
    kind = given.ConsumeIntInRange(0, 9 if depth < 6 else 4)
    if kind < 5:
        scalars = (
            None,
            given.ConsumeBool(),
            given.ConsumeInt(4),
            given.ConsumeFloat(),
            given.ConsumeUnicode(8),
        )
        return scalars[kind]
    parts = [tree(given, depth + 1) for _ in range(given.ConsumeIntInRange(0, 4))]
    if kind == 5:
        return {given.PickValueInList(TAGS): part for part in parts}
    return parts if kind == 6 else [given.PickValueInList(TAGS), *parts]


def known_tables() -> list[Any]:
    """Trees of tables of every kind, to be changed; none without pandas."""
    try:
        import pandas
    except ImportError:
        return []
    days = pandas.date_range("2024-01-01", periods=2, tz="Europe/Paris")
    columns = {"a": [1, 2], "s": ["x", None], "o": pandas.Series([1, "a"], dtype=object), "t": days}
    kinds = {"n": pandas.array([1, None], dtype="Int8"), "c": pandas.Categorical(["u", "v"])}
    odd = {"i": pandas.cut([1, 5], [0, 3, 6]), "p": pandas.period_range("2024-01", periods=2, freq="M")}
    frame = pandas.DataFrame({**columns, **kinds, **odd})
    made = [
        frame,
        frame.set_index(["a", "s"]),
        frame["t"],
        frame.index,
        days[0],
        days[1] - days[0],
        pandas.NaT,
    ]
    return [values.encode(one, Refs()) for one in made]


TABLES = known_tables()


def fuzz_values(data: bytes) -> None:
    refs, given = Refs(), Provider(data)
    raw = data if given.ConsumeBool() else json.dumps(tree(given)).encode()
    if TABLES and given.ConsumeBool():
        whole = given.PickValueInList(TABLES)
        for _ in range(given.ConsumeIntInRange(1, 4)):
            whole = changed(given, whole)
        raw = json.dumps(whole).encode()
    try:
        value = values.decode(values.loads(raw), refs)
        again = values.decode(values.loads(values.dumps(values.encode(value, refs))), refs)
    except values.Refused:
        return
    assert type(again) is type(value)
    assert repr(again) == repr(value) or isinstance(value, (set, frozenset)) or "{" in repr(value)


def fuzz_frames(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    channel = frames.Channel(ours, limit=1 << 12)
    theirs.send(data[: 1 << 14])
    theirs.close()
    channel.receive()
    taken = 0
    try:
        while (message := channel.take()) is not None:
            taken += frames.HEADER.size + len(message[1])
    except frames.TooLarge:
        pass
    assert taken + len(channel.inbox) <= len(data)
    ours.close()


def changed(given: Provider, whole: Any) -> Any:
    """A measurement with something else somewhere."""
    if not isinstance(whole, (dict, list)) or not whole or given.ConsumeProbability() < 0.2:
        return tree(given)
    copy = whole.copy()
    at = given.PickValueInList(list(copy) if isinstance(copy, dict) else list(range(len(copy))))
    if at == "report":
        copy[at] = json.dumps(changed(given, json.loads(copy[at])))
    else:
        copy[at] = changed(given, copy[at])
    return copy


def fuzz_wire(data: bytes) -> None:
    given = Provider(data)
    raw = data
    if given.ConsumeBool():
        whole = json.loads(GOLDEN.read_bytes())
        for _ in range(given.ConsumeIntInRange(1, 4)):
            whole = changed(given, whole)
        raw = json.dumps(whole).encode()
    try:
        execution = wire.decode_execution(raw, environment="e", language_version="3")
    except SlotLost:
        return
    if execution.split is None:
        return
    verdict = split_verdict(ITEM, execution)
    split = execution.split
    if verdict.passed:
        assert split.ended and split.tests and all(t.outcome == "passed" for t in split.tests)
        assert split.shared or (split.calls > 0 and split.values > 0)


def fuzz_judge(data: bytes) -> None:
    """Replies of the right form and of any other, until there are no more."""
    given = Provider(data)
    sent = [data[: 1 << 10]] if given.ConsumeBool() else []
    for _ in range(given.ConsumeIntInRange(0, 12)):
        answer = tree(given)
        usual = ["ok", answer, None, None] if given.ConsumeBool() else answer
        sent.append(json.dumps(usual).encode())
    talk = conversation.TALK
    talk.__init__()  # type: ignore[misc]
    references.REFS.forget()
    proxies.start({"classes": []}, False)
    read_end, write_end = os.pipe()
    os.write(write_end, b"".join(frames.frame(b"v", payload) for payload in sent)[: 1 << 15])
    os.close(write_end)
    talk.replies = frames.Reader(read_end)
    function = ["h", 0, "func", ["f"], "builtins", "function", []]
    try:
        made, _expected = judge_asserts.run(
            PLAN, judge_asserts.prepare(PLAN), solution_module.SolutionModule(["f"], {"f": function})
        )
    except frames.Closed:  # the other end is gone: the real process leaves
        return
    finally:
        os.close(read_end)
    assert made[0]["outcome"] != "passed", data
    json.loads(values.dumps(made))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "values": fuzz_values,
    "frames": fuzz_frames,
    "wire": fuzz_wire,
    "judge": fuzz_judge,
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    target = TARGETS[sys.argv.pop(1)]
    conversation.CHANNEL = os.open("/dev/null", os.O_WRONLY)
    assert results.failed and tables.READERS
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
