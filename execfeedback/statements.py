"""Raw model text -> the statement of a seed: a problem invented after a snippet, or a snippet's documentation.

The answer is lines `Topic:`, `Difficulty:`, `Function:` and, last, `Problem:` with the statement below it; of a
documentation only the text. Nothing of it is trusted: what has not this form, gives the code away or repeats the snippet
is no statement. After OSS-Instruct (Wei et al. 2023) and the backtranslation of Llama 3.1.
"""

import keyword
import re

from execfeedback.blocks import answer, cleaned
from execfeedback.novelty import bare, contained, shingles
from execfeedback.types import Derivation, Problem

DIFFICULTIES = ("easy", "medium", "hard")
SHORTEST, LONGEST = 60, 8000
"""Characters of a statement."""
COPIED = 0.3
"""Share of the code's word sequences from which a documentation gives the code away, and of the statement's from which a
problem is the snippet's own text."""
_MARKUP = " \t*_#`->"
"""What models put around a label."""


def stated(text: str, seed: Problem, sample: int) -> Problem | None:
    """The seed with a statement, and an id of its own for each sample; None where the answer has none of use."""
    said, made = answer(cleaned(text)).strip(), seed.derived
    if made is None:
        return None
    found = _documented(said, seed, made) if made.how == "backtranslated" else _invented(said, seed, made)
    if found is None or not SHORTEST <= len(found.statement) <= LONGEST:
        return None
    return found.model_copy(update={"id": f"{seed.id}~{sample}"})


def _documented(said: str, seed: Problem, made: Derivation) -> Problem | None:
    if contained(shingles(bare(made.code)), shingles(said)) >= COPIED:
        return None
    return seed.model_copy(update={"statement": said})


def _invented(said: str, seed: Problem, made: Derivation) -> Problem | None:
    head, statement = labelled(said)
    name, level = head.get("function", ""), head.get("difficulty", "").lower()
    if not name.isidentifier() or keyword.iskeyword(name) or level not in DIFFICULTIES:
        return None
    if contained(shingles(statement), shingles(made.code)) >= COPIED:
        return None
    tags = dict.fromkeys((*seed.tags, made.topic or slug(head.get("topic", ""))))
    told = {"statement": statement, "entry_point": name, "difficulty": level}
    return seed.model_copy(update={**told, "tags": tuple(tag for tag in tags if tag)})


def labelled(said: str) -> tuple[dict[str, str], str]:
    """The values of the labels above `Problem:`, and the text from there on; empty where there is no such line."""
    head: dict[str, str] = {}
    lines = said.split("\n")
    for at, line in enumerate(lines):
        label, colon, value = line.partition(":")
        name = label.strip(_MARKUP).lower()
        if colon and name == "problem":
            return head, "\n".join([value.strip(_MARKUP), *lines[at + 1 :]]).strip()
        if colon:
            head.setdefault(name, value.strip(_MARKUP))
    return {}, ""


def slug(text: str) -> str:
    """A topic as a tag: at most four words in small letters, with hyphens."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())[:4])[:60]
