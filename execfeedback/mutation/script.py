"""The program that runs in the sandbox: one JSON object on stdin, one on stdout.

Asked `{"do": "mutants", "source", "limit", "seed", "kinds"?}`, `{"do": "stubs", "source", "entry_point"}` or
`{"do": "normal_form", "source"}`, it answers `{"mutants": [...]}`, `{"normal_form": text}`, or
`{"error": text}` for a source that cannot be parsed."""

import json
import sys
from dataclasses import asdict
from typing import Any

from execfeedback.mutation.kinds import mutants
from execfeedback.mutation.normal import normal_form
from execfeedback.mutation.stubs import stubs


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question; a source that cannot be parsed is an answer too."""
    source = question["source"]
    try:
        if question["do"] == "normal_form":
            return {"normal_form": normal_form(source)}
        if question["do"] == "stubs":
            return {"mutants": [asdict(stub) for stub in stubs(source, question["entry_point"])]}
        options = {"limit": question["limit"], "seed": question["seed"], "kinds": question.get("kinds")}
        return {"mutants": [asdict(mutant) for mutant in mutants(source, **options)]}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Read the question, write the answer."""
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
