"""Which model plays which part. A key is named by its environment variable and never written down."""

from pydantic import Field

from execfeedback.types import CallKind, RoleName, Value

_PLAYED_BY: dict[CallKind, RoleName] = {
    "tests": "tester",
    "test_revision": "tester",
    "solution": "solver",
    "revision": "solver",
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

    def bases(self) -> tuple[str | None, ...]:
        """The addresses, at least one; None is the provider's own."""
        if isinstance(self.api_base, tuple):
            return self.api_base or (None,)
        return (self.api_base,)


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
