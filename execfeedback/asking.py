"""From a request to a model's answer: which address, how often, who stands in. The same for all that ask over a network.

An adapter asks one address once and retries nothing.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError

from execfeedback.errors import GeneratorError, GeneratorRefused, InputError
from execfeedback.lanes import Lane
from execfeedback.protocols import Completion, Request, Waste
from execfeedback.retrying import Patience, patiently
from execfeedback.roles import Role, Roles

Ask = Callable[[Role, str | None, Request], Awaitable[Completion]]
"""One request to one address. Raises GeneratorBusy or GeneratorRefused."""


class Asking:
    """Asks the model of a request's role, with patience; then its fallbacks."""

    def __init__(self, roles: Roles, ask: Ask, patience: Patience) -> None:
        self._roles, self._ask, self._patience = roles, ask, patience
        self._lanes: dict[tuple[str | None, str | None], Lane] = {}

    async def complete(self, request: Request) -> Completion:
        """The first answer, with all that was paid for it. Raises the error of the last model that was asked."""
        wasted: list[Waste] = []
        *models, last = self._roles.playing(request.role).in_order()
        try:
            for role in models:
                try:
                    return _after(wasted, await self._of(role, request, wasted))
                except GeneratorError:
                    continue
            return _after(wasted, await self._of(last, request, wasted))
        except GeneratorError as error:
            error.wasted = tuple(wasted)
            raise

    async def _of(self, role: Role, request: Request, wasted: list[Waste]) -> Completion:
        """The answer of one model. Its addresses take turns; one that refuses is not asked again."""
        bases, turn = list(role.bases()), request.sample + request.attempt

        async def once() -> Completion:
            nonlocal turn
            base = bases[turn % len(bases)]
            turn += 1
            try:
                return await self._lane(role, base).ask(lambda: self._ask(role, base, request))
            except GeneratorRefused:
                if len(bases) == 1:
                    raise
                bases.remove(base)
                return await once()
            except GeneratorError as error:
                wasted.extend(error.wasted)
                raise

        return await patiently(once, self._patience)

    def _lane(self, role: Role, base: str | None) -> Lane:
        return self._lanes.setdefault((role.model, base), Lane(role.max_calls))


def _after(wasted: list[Waste], completion: Completion) -> Completion:
    return completion.model_copy(update={"wasted": tuple(wasted)}) if wasted else completion


def roles_of(told: Mapping[str, Mapping[str, Any] | None]) -> Roles:
    """Checked roles from tables by name; what is empty is not given. Raises InputError naming role and field."""
    return Roles.model_validate({name: _role(name, given) for name, given in told.items() if given})


def _role(name: str, options: Mapping[str, Any]) -> Role:
    try:
        role = Role.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"[roles.{name}] {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    for each in role.in_order():
        if not each.model:
            raise InputError(f"[roles.{name}] model: give a model, as in --model openai/gpt-4o")
        if each.api_key_env and not os.environ.get(each.api_key_env):
            raise InputError(f"[roles.{name}] api_key_env: the environment has no {each.api_key_env}")
    return role


def settings_of_roles(roles: Roles) -> dict[str, Any]:
    """What decides the answers, by role."""
    given = {name: role for name in Roles.model_fields if (role := getattr(roles, name))}
    played = {"solver": roles.solver, "tester": roles.playing("tester")} | given
    return {name: role.decisive() for name, role in played.items()}


def played(roles: Roles) -> tuple[Role, ...]:
    """Every model that may be asked, stand-ins included."""
    given = (role for name in Roles.model_fields if (role := getattr(roles, name)))
    return tuple(each for role in given for each in role.in_order())
