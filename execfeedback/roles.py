"""Which model plays which part. A key is named by its environment variable and never written down."""

from typing import Any

from pydantic import Field

from execfeedback.types import CallKind, RoleName, Value

_PLAYED_BY: dict[CallKind, RoleName] = {
    "tests": "tester",
    "test_revision": "tester",
    "solution": "solver",
    "revision": "solver",
    "problem": "writer",
    "document": "writer",
    "judge": "judge",
}


def role_of(kind: CallKind) -> RoleName:
    """Who answers calls of this kind."""
    return _PLAYED_BY[kind]


class Role(Value):
    """One model, where it answers, and how it is sampled. What is None is left to the provider."""

    model: str | None = None
    """`provider/name`, as in `openai/gpt-4o` or `hosted_vllm/qwen`."""
    api_base: str | tuple[str, ...] | None = None
    """One address or several, which take turns."""
    api_key_env: str | None = None
    """The environment variable that holds the key."""
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, gt=0)
    timeout_s: float = Field(180.0, gt=0)
    extra_body: dict[str, object] = Field({})
    """Sent along as it is: what a server understands beyond the OpenAI form."""
    stream: bool = False
    """`openai-http`: take the answer as it is written, so that a proxy on the way does not give up on a long one."""
    max_calls: int | None = Field(None, ge=1)
    """Requests at one time to each address of this model, at most. Fewer when it says that it is too much."""
    price_in: float | None = Field(None, ge=0)
    """US dollars for a million tokens that the model reads. With `price_out` it goes before what a library knows."""
    price_out: float | None = Field(None, ge=0)
    """US dollars for a million tokens that the model writes."""
    fallbacks: tuple["str | Role", ...] = ()
    """Models that are asked, in this order, when this one fails: names (all else stays), or roles of their own."""

    def bases(self) -> tuple[str | None, ...]:
        """The addresses, at least one; None is the provider's own."""
        if isinstance(self.api_base, tuple):
            return self.api_base or (None,)
        return (self.api_base,)

    def in_order(self) -> tuple["Role", ...]:
        """This model and its fallbacks."""
        plain = self.model_copy(update={"fallbacks": ()})
        named = (
            plain.model_copy(update={"model": each, "price_in": None, "price_out": None})
            if isinstance(each, str)
            else each
            for each in self.fallbacks
        )
        return (plain, *named)

    def decisive(self) -> dict[str, Any]:
        """What decides its answers: not where it answers, not whose key it has, not who stands in for it."""
        return self.model_dump(include={"model", "temperature", "top_p", "max_tokens", "extra_body"})

    def cost(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """US dollars by the prices given here; None is unknown."""
        if None in (self.price_in, self.price_out, tokens_in, tokens_out):
            return None
        return ((self.price_in or 0) * (tokens_in or 0) + (self.price_out or 0) * (tokens_out or 0)) / 1e6


class Roles(Value):
    """The parts that models play. Who is not named is played by the solver."""

    solver: Role = Role()
    tester: Role | None = None
    judge: Role | None = None
    writer: Role | None = None

    def playing(self, name: RoleName) -> Role:
        """The role, or the solver in its place."""
        role: Role | None = getattr(self, name)
        return role or self.solver
