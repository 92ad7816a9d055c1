"""The generator: which request is answered by what. It needs no key and no network, only a sandbox."""

from typing import Any

from execfeedback.errors import GeneratorExhausted
from execfeedback.generators.mutate.chance import draw, number
from execfeedback.generators.mutate.first_try import Shares, first_try
from execfeedback.generators.mutate.pool import Pool
from execfeedback.generators.mutate.reference_tests import reference_tests
from execfeedback.generators.mutate.revision import revise, script_files
from execfeedback.generators.mutate.wording import solution_text, tests_text
from execfeedback.ids import digest
from execfeedback.protocols import Completion, Request, Sandbox


class Mutate:
    """Semi-synthetic bug-fix dialogs of human-written references. A request has one answer, always."""

    name = "mutate"
    edits_references = True

    def __init__(self, sandbox: Sandbox, seed: int, shares: Shares, tests: int) -> None:
        self._sandbox, self._seed, self._shares, self._tests = sandbox, seed, shares, tests
        self._pool = Pool(sandbox)
        self.settings: dict[str, Any] = {
            "seed": seed,
            "shares": shares.model_dump(),
            "tests": tests,
            "scripts": digest(script_files()),
        }

    async def complete(self, request: Request) -> Completion:
        """Raises GeneratorExhausted when there is nothing (more) to say for the problem."""
        if request.problem.language != "python":
            raise GeneratorExhausted(f"mutate edits python only, not {request.problem.language}")
        answers: dict[str, Any] = {
            "solution": self._solution,
            "tests": self._write_tests,
            "revision": self._revision,
        }
        if request.kind not in answers:
            raise GeneratorExhausted(f"mutate answers no request for a {request.kind}: that needs a model")
        return Completion(
            text=await answers[request.kind](request), model=self.name, cost_usd=0.0, finish="stop"
        )

    async def _solution(self, request: Request) -> str:
        seed = number(self._seed, request.seed)
        code = await first_try(request.problem, self._pool, self._sandbox, request.sample, seed, self._shares)
        return solution_text(code, self._chance(request))

    async def _write_tests(self, request: Request) -> str:
        seed = number(self._seed, request.seed, request.problem.id, "tests", request.sample, request.attempt)
        tests = await reference_tests(request.problem, self._sandbox, seed=seed, most=self._tests)
        return tests_text(tests, self._chance(request))

    async def _revision(self, request: Request) -> str:
        """Blind, whatever the request holds: reference, tests and held-out cases go no further."""
        problem = request.problem.blind()
        if request.code is None:
            raise GeneratorExhausted("a revision needs the code that it revises")
        seed = number(self._seed, request.seed, problem.id, "revision", request.sample, request.attempt)
        return await revise(
            problem.statement, problem.entry_point, request.code, request.feedback or "", self._sandbox, seed
        )

    def _chance(self, request: Request) -> Any:
        parts = (request.seed, request.problem.id, request.kind, request.sample, request.attempt)
        return draw(self._seed, *parts)
