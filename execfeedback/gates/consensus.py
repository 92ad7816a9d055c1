"""Gate `consensus`: the samples of a problem, run on the same inputs, say of each other who stands alone.

Inputs are the calls that the statement, the signature and everybody's tests show, and calls near them. Solutions cluster
by what they answer; a sample is refused only when several others, in clear majority, agree on something else: a
majority of one model's samples can share a mistake, and a lone right solution exists. What is not refused is evidence
(`confidence.py`).
"""

from collections.abc import Sequence
from typing import Any

from execfeedback.agreement import SHOWN, Answers, Standing, answers_of, meets, standing
from execfeedback.behaviour_in_sandbox import Expectation, Expected, expected_by, observe_values
from execfeedback.errors import InputError
from execfeedback.items import item_for
from execfeedback.parts import whole_suite
from execfeedback.protocols import Sandbox
from execfeedback.types import Case, GateResult, Trajectory

_CALL_CPU_S = 0.1
_LISTED = 5
"""Tests whose expectation most solutions miss that are written out in the evidence."""


class ConsensusGate:
    """Rejects with `outvoted`: at least `quorum` other samples answer alike, otherwise than this one, and they are more
    than twice as many as those that answer as it does. Passes, and says so, where there is nobody to compare with."""

    name = "consensus"

    def __init__(self, inputs: int = 192, quorum: int = 3, seed: int = 1) -> None:
        if inputs < 1 or quorum < 2:
            raise InputError("gate consensus: inputs is at least 1, quorum at least 2")
        self.inputs, self.quorum, self.seed = inputs, quorum, seed
        self.version = f"2({inputs},{quorum},{seed})"

    async def check_group(
        self, samples: Sequence[Trajectory], sandbox: Sandbox
    ) -> tuple[GateResult | None, ...]:
        """What the samples of one problem say of each that passed its tests; None for the others. Raises SandboxError."""
        codes = [sample.attempts[-1].solution.code if sample.attempts else "" for sample in samples]
        if len({code for code in codes if code}) < 2 or samples[0].origin == "semi_synthetic":
            return tuple(self._alone(sample) for sample in samples)
        expected = await _expected(samples, sandbox)
        distinct = dict.fromkeys(code for code in codes if code)
        seen = {code: await self._answers(samples[0], code, expected, sandbox) for code in distinct}
        return tuple(
            self._among(n, samples, seen, expected) if sample.stopped == "passed" else None
            for n, sample in enumerate(samples)
        )

    async def _answers(self, sample: Trajectory, code: str, expected: Expected, sandbox: Sandbox) -> Answers:
        suite = whole_suite(sample)
        assert suite is not None, "a sample with a solution has tests"
        item = item_for(sample.problem, code, suite)
        if item.style != "stdio":
            item = item.model_copy(update={"style": "asserts", "tests": expected.tests})
        asked = {"seed": self.seed, "limit": self.inputs}
        return answers_of(await observe_values(item, sandbox, **asked, call_cpu_s=_CALL_CPU_S))

    def _among(
        self, n: int, samples: Sequence[Trajectory], seen: dict[str, Answers], expected: Expected
    ) -> GateResult:
        """Tests that came with the problem are everybody's own: only what models wrote is a second opinion."""
        sample = samples[n]
        code = sample.attempts[-1].solution.code
        others = [answers for other, answers in seen.items() if other != code]
        foreign = [one for one in expected.expected if one.source != n]
        own = n if _wrote_tests(sample) else SHOWN
        stand = standing(seen[code], others, foreign)
        outvoted = stand.rivals >= self.quorum and stand.rivals > 2 * (stand.agreeing + 1)
        evidence = {
            "standing": stand.model_dump(),
            "doubted": _doubted([one for one in expected.expected if one.source == own], list(seen.values())),
        }
        return self._result("outvoted" if outvoted else "", evidence)

    def _alone(self, sample: Trajectory) -> GateResult | None:
        return self._result("", {"standing": Standing().model_dump()}) if sample.stopped == "passed" else None

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = ConsensusGate


def _wrote_tests(sample: Trajectory) -> bool:
    return sample.suite is not None and sample.suite.origin == "generated"


async def _expected(samples: Sequence[Trajectory], sandbox: Sandbox) -> Expected:
    """What each sample's tests expect, by the sample's place; what came with the problem is the problem's own."""
    problem = samples[0].problem
    if problem.language != "python" or problem.entry_point is None or problem.style == "stdio":
        return Expected()
    given = next((_text(sample) for sample in samples if not _wrote_tests(sample)), "")
    written = [_text(sample) if _wrote_tests(sample) else "" for sample in samples]
    return await expected_by(problem, written, sandbox, given)


def _text(sample: Trajectory) -> str:
    """A sample's tests as text; cases as the asserts that they stand for."""
    suite = whole_suite(sample)
    tests = suite.tests if suite else ""
    if isinstance(tests, str):
        return tests
    return "\n".join(_assert(sample.problem.entry_point, case) for case in tests if isinstance(case, Case))


def _assert(name: str | None, case: Case) -> str:
    arguments = [repr(value) for value in case.args] + [f"{key}={v!r}" for key, v in case.kwargs.items()]
    return f"assert {name}({', '.join(arguments)}) == {case.expected!r}" if case.raises is None else ""


def _doubted(own: Sequence[Expectation], everybody: Sequence[Answers]) -> list[dict[str, Any]]:
    """Expectations of a sample's own tests that fewer than half of all solutions meet."""
    met = [(one, sum(meets(answers, one) for answers in everybody)) for one in own]
    doubted = [(one, number) for one, number in met if 2 * number < len(everybody)]
    return [{"test": one.line[:300], "met_by": n, "of": len(everybody)} for one, n in doubted[:_LISTED]]
