"""Tokens of the service: the file, who is known, who may come without one."""

from base64 import b64encode
from pathlib import Path

import pytest

from execfeedback.errors import InputError
from execfeedback.service.callers import Caller, Rates, caller_of, is_loopback, read_callers
from execfeedback.service.serving import listening

A, B = "a" * 24, "b" * 24
KNOWN = [Caller(name="one", token=A), Caller(name="two", token=B)]


def test_a_token_file_names_its_callers_and_what_they_may(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# trainers\none {A}\n\ntwo {B} waiting=50 per_minute=600  # nightly\n")

    assert read_callers(path) == [
        Caller(name="one", token=A),
        Caller(name="two", token=B, waiting=50, per_minute=600),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no token"),
        ("one short", ":1: the token is shorter than 16"),
        (f"one {A}\njust-a-word", ":2: is not `NAME TOKEN"),
        (f"one {A} speed=9", "'speed': is not a known field"),
        (f"one {A} waiting=0", "'waiting'"),
        (f"one {A}\ntwo {A}", "same token"),
        (f"one {A}\none {B}", "same name"),
        ("one tökentökentökentöken", "cannot be read"),
    ],
)
def test_a_token_file_that_is_wrong_says_where(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=words):
        read_callers(path)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (f"Bearer {A}", "one"),
        (f"bearer {B}", "two"),
        ("Basic " + b64encode(f"anything:{B}".encode()).decode(), "two"),
        (f"Bearer {A}x", None),
        (f"Bearer {A[:-1]}", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
        (f"Digest {A}", None),
        ("Basic %%%", None),
        ("Basic " + b64encode(b"\xff\xfe:x").decode(), None),
        (f"Bearer {'é' * 20}", None),
    ],
)
def test_only_a_known_token_is_a_caller(header: str, name: str | None) -> None:
    found = caller_of(header, KNOWN)

    assert (found and found.name) == name


def test_requests_are_counted_by_the_minute() -> None:
    rates, few = Rates(), Caller(name="few", token=A, per_minute=2)

    assert [rates.left_s(few) is None for _ in range(3)] == [True, True, False]
    assert rates.left_s(KNOWN[0]) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_what_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org", ""])
def test_what_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_without_a_token_nobody_else_is_let_near(host: str) -> None:
    with pytest.raises(InputError, match="--token-file"), listening(host, 0, None, ()):
        pytest.fail("it listens")
