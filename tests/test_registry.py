"""Extensions by name: ours, somebody's, and what is said when there is none."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.registry import existing, exporter_named, gates_named, generator_named

PLUGIN = """
class Polite:
    name, version = "polite", "1"

    def __init__(self, words=1):
        self.words = words

    async def check(self, trajectory, sandbox):
        return None


def writer(style="plain"):
    made = Polite(7)
    made.edits_references, made.style = False, style
    return made

NOT_CALLABLE = 3
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of somebody's, installed with entry points."""
    (tmp_path / "their_plugin.py").write_text(PLUGIN, encoding="utf-8")
    info = tmp_path / "their_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: their-plugin\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[execfeedback.gates]\npolite = their_plugin:Polite\n[execfeedback.generators]\ntheirs = their_plugin:writer\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "their_plugin"
    sys.modules.pop("their_plugin", None)


def test_ours_by_module_name(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text("", encoding="utf-8")
    assert generator_named("replay", path=file).name == "replay"
    assert generator_named("litellm", model="openai/m").name == "litellm"


def test_ours_are_listed() -> None:
    assert {"replay", "litellm", "function"} <= set(existing("generators"))


def test_gates_keep_their_order_and_take_options(plugin: str) -> None:
    gates: Any = gates_named(["polite", {"name": "their_plugin:Polite", "words": 5}, "polite"])
    assert [gate.words for gate in gates] == [1, 5, 1]


def test_entry_points_and_dotted_paths(plugin: str) -> None:
    theirs: Any = generator_named("theirs", style="fancy")
    assert (theirs.words, theirs.style) == (7, "fancy")
    assert generator_named(f"{plugin}:writer").name == "polite"
    assert "theirs" in existing("generators")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nonsense", r"there is no generator 'nonsense'; there are .*litellm.*replay"),
        ("no.such.module:thing", "cannot be loaded: No module named 'no'"),
        ("their_plugin:missing", "cannot be loaded: .*missing"),
        ("their_plugin:NOT_CALLABLE", "is no factory"),
        (":", "cannot be loaded"),
        ("__init__", "there is no generator '__init__'"),
        ("../replay", "there is no generator"),
    ],
)
def test_what_does_not_exist_is_an_input_error(plugin: str, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        generator_named(name)


def test_options_that_do_not_exist_are_named(plugin: str) -> None:
    with pytest.raises(InputError, match=r"generator 'replay': .*'file'; its options are path, samples"):
        generator_named("replay", path="x", file="y")
    with pytest.raises(InputError, match=r"generator 'replay': missing a required argument: 'path'"):
        generator_named("replay")
    with pytest.raises(InputError, match=r"gate 'polite': .*'wrods'"):
        gates_named([{"name": "polite", "wrods": 3}])
    with pytest.raises(InputError, match="needs a 'name'"):
        gates_named([{"words": 3}])


def test_unknown_exporter() -> None:
    with pytest.raises(InputError, match="there is no exporter 'papyrus'"):
        exporter_named("papyrus")
