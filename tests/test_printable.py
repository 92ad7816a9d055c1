"""What a program printed must not drive the terminal of who reads it."""

import pytest

from execfeedback.printable import printable, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith é and 漢字", "plain text\n\twith é and 漢字"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb", "a\nb"),
        ("\x9b2J", "\\x9b2J"),
        ("nul\0", "nul\\x00"),
        ("\u202eabc", "\\u202eabc"),
        ("\udcff", "\\udcff"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_only_what_shows_is_printed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_says_what_is_left_out() -> None:
    assert shortened("short") == "short"
    assert shortened("a\nb\nc", lines=2) == "a\nb\n... 2 more characters"
    assert shortened("x" * 10, characters=4) == "xxxx\n... 6 more characters"
