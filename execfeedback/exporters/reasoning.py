"""What an export does with a model's reasoning: leave it out, put it before the answer, or into a field of its own."""

from typing import Literal, get_args

from execfeedback.errors import InputError

Reasoning = Literal["keep", "strip", "field"]


def chosen(name: str) -> Reasoning:
    """The choice of that name. Raises InputError."""
    for choice in get_args(Reasoning):
        if choice == name:
            return choice  # type: ignore[no-any-return]
    raise InputError(f"--reasoning {name}: there are {', '.join(get_args(Reasoning))}")


def told(content: str, reasoning: str | None, choice: Reasoning) -> dict[str, str]:
    """`content` of an assistant's turn, and `reasoning_content` where that is chosen and there is any."""
    if reasoning is None or choice == "strip":
        return {"content": content}
    if choice == "field":
        return {"content": content, "reasoning_content": reasoning}
    return {"content": f"<think>\n{reasoning}\n</think>\n\n{content}"}
