"""Who answers which call."""

from typing import get_args

from execfeedback.protocols import Request
from execfeedback.roles import Role, Roles, role_of
from execfeedback.types import CallKind, Problem, RoleName


def test_every_kind_of_call_has_a_role() -> None:
    assert {role_of(kind) for kind in get_args(CallKind)} <= set(get_args(RoleName))
    assert set(get_args(RoleName)) == set(Roles.model_fields)


def test_a_request_says_who_is_asked() -> None:
    problem = Problem(id="p", statement="")
    asked = {kind: Request(kind=kind, problem=problem, messages=()).role for kind in get_args(CallKind)}
    assert (asked["tests"], asked["test_revision"]) == ("tester", "tester")
    assert (asked["solution"], asked["revision"]) == ("solver", "solver")


def test_the_solver_stands_in_for_who_is_not_named() -> None:
    roles = Roles(solver=Role(model="a"), judge=Role(model="b"))
    played = {name: roles.playing(name).model for name in get_args(RoleName)}
    assert played == {"solver": "a", "tester": "a", "judge": "b", "writer": "a"}
