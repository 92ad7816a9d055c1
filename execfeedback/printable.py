"""Text of a sandbox or a model, made safe to print: no terminal escapes, no reordering, no NUL."""

import unicodedata

_KEPT = {"\n", "\t"}
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories without a glyph: controls, formats (bidi overrides), surrogates, line separators."""


def printable(text: str) -> str:
    """`text` with every character that could act instead of show replaced by its escape, such as `\\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _KEPT or _shows(c) else _escape(c) for c in text.replace("\r\n", "\n"))


def _shows(character: str) -> bool:
    return " " <= character <= "~" or unicodedata.category(character) not in _HIDDEN


def _escape(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def shortened(text: str, lines: int = 40, characters: int = 4000) -> str:
    """The start of a text, at most so long, saying how much is left out."""
    kept = "\n".join(text[:characters].split("\n")[:lines])
    left = len(text) - len(kept)
    return text if left <= 0 else f"{kept}\n... {left} more characters"
