"""Languages are data, and each carries the proof that it works."""

from pathlib import Path

import pytest

from execfeedback import languages
from execfeedback.errors import InputError

TOML = """
name = "toy"
source = "main.toy"
run = ["toy", "main.toy"]
[proof]
style = "stdio"
tests = "x"
passes = "y"
fails = "z"
"""


def test_there_is_python_and_it_is_judged_in_two_processes() -> None:
    python = languages.language("python")

    assert (python.source, python.run, python.split) == ("solution.py", ("python3", "solution.py"), True)
    assert python.limits.memory_mb == 512 and python.limits.cpu_s == 10


@pytest.mark.parametrize("alias", ["py", "python3"])
def test_an_alias_names_the_same_language(alias: str) -> None:
    assert languages.language(alias) is languages.language("python")


@pytest.mark.parametrize("name", ["klingon", "Python", "", "../python"])
def test_an_unknown_language_lists_what_there_is(name: str) -> None:
    with pytest.raises(InputError, match=rf"unknown language '{name}'; there are: .*python"):
        languages.language(name)


def test_a_file_with_only_what_differs_is_a_language(tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(TOML)

    toy = languages.read(path)

    assert (toy.name, toy.warm, toy.split, toy.aliases) == ("toy", False, False, ())
    assert toy.limits.wall_s == 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOML.replace('name = "toy"\n', ""), "name"),
        (TOML + "\nfailing = 1\n", "failing"),
        (TOML.split("[proof]")[0], "proof"),
        ("name = ", "toy.toml"),
    ],
)
def test_a_language_file_that_is_wrong_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(text)

    with pytest.raises(InputError, match=words) as caught:
        languages.read(path)
    assert str(caught.value).startswith(str(path))
