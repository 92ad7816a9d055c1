"""Rewards for OpenRLHF, which loads a file: `--reward.remote_url $(python -m execfeedback.rewards.openrlhf)`.

`labels` (its `--data.label_key`) hold what verl's `ground_truth` holds: a verify item without its solution as JSON text,
`{"inputs", "outputs"}`, `{"assert_case"}`, asserts.
"""

import re
from collections.abc import Sequence
from typing import Any

from execfeedback.rewards.scoring import row_of, scores
from execfeedback.rewards.values import DEFAULTS, Score

_SPECIAL = re.compile(r"(?:<\|[^|<>\s]{1,40}\|>|</s>|<eos>|<end_of_turn>|<pad>)\Z")
"""A special token at the end of a response, where OpenRLHF leaves some in."""
_LONGEST = 44
"""Characters of the longest one."""
_SHOWN = 400
"""Characters of the prompt's end that tell where the response begins: a long prompt is cut at its start."""


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any]) -> dict[str, Any]:
    """`queries` are prompts with their responses. A single one gets plain numbers, since OpenRLHF wraps them itself."""
    texts = [response(query, prompt) for query, prompt in zip(queries, prompts, strict=True)]
    return reply(scores(texts, [row_of(label, None) for label in labels], DEFAULTS))


def reply(scored: Sequence[Score]) -> dict[str, Any]:
    """What OpenRLHF reads, from a function or over HTTP."""
    found = [one.plain() for one in scored]
    columns = {name: [float(one[name]) for one in found] for name in found[0]} if found else {}
    told = {name: values[0] if len(found) == 1 else values for name, values in columns.items()}
    score = told.pop("score", [])
    return {"rewards": score, "scores": score, "extra_logs": told}


def response(query: str, prompt: str) -> str:
    """What follows the prompt, without special tokens at its end."""
    _, found, after = query.partition(prompt[-_SHOWN:]) if prompt else ("", "", "")
    return without_special(after if found else query)


def without_special(text: str) -> str:
    """Looked for from the end alone: a search through a whole response could take minutes."""
    bare, cut = bare_end(text, len(text)), len(text)
    while special := _SPECIAL.search(text, max(0, bare - _LONGEST), bare):
        cut = bare = bare_end(text, special.start())
    return text[:cut]


def bare_end(text: str, end: int) -> int:
    """Where the white space before `end` begins."""
    while end and text[end - 1].isspace():
        end -= 1
    return end


if __name__ == "__main__":
    print(__file__)
