"""Tracebacks in a run: frames of ours are not shown, and no source is read for them."""

import linecache
import traceback
from typing import Any

import pytest
import tracebacks

SOURCE = "def outer(call):\n    call()\n\n\ndef inner():\n    text = 'one line:\x0c\u2028'\n    raise ValueError(text)\n"


def run(source: str, name: str, names: dict[str, Any]) -> None:
    exec(compile(source, name, "exec"), names)  # noqa: S102


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(linecache, "cache", {})
    names: dict[str, Any] = {}
    run(SOURCE, "tests.py", names)
    tracebacks.remember("tests.py", SOURCE)
    return names


def raised(made: dict[str, Any], call: Any) -> ValueError:
    with pytest.raises(ValueError) as caught:
        made["outer"](call)
    return caught.value


def through_ours(call: Any) -> None:
    """A frame of ours between two of the tests'."""
    names: dict[str, Any] = {"call": call}
    run("call()", f"{tracebacks.NOT_SHOWN[0]}/proxies.py", names)


def test_frames_between_and_around_are_left_out(made: dict[str, Any]) -> None:
    error = raised(made, lambda: through_ours(made["inner"]))
    shown = traceback.extract_tb(tracebacks.shown(error.__traceback__))

    kept = [(f.name, f.lineno, f.line) for f in shown if f.filename == "tests.py"]
    assert kept == [("outer", 2, "call()"), ("inner", 7, "raise ValueError(text)")]
    assert not [f for f in shown if f.filename.endswith("proxies.py")]


def test_nothing_is_left_of_a_traceback_that_is_all_ours() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run("1/0", f"{tracebacks.NOT_SHOWN[0]}/x.py", {})
    all_of_it = caught.value.__traceback__
    assert all_of_it is not None and all_of_it.tb_next is not None
    assert tracebacks.shown(all_of_it.tb_next.tb_next) is None


def test_a_remembered_source_is_not_looked_for_as_a_file(made: dict[str, Any]) -> None:
    before = dict(linecache.cache)
    error = raised(made, made["inner"])
    traceback.format_tb(tracebacks.shown(error.__traceback__))
    linecache.checkcache()

    assert linecache.cache["tests.py"] == before["tests.py"]
