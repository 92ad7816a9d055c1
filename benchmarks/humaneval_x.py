"""HumanEval-X in one language: every canonical solution must pass, and with its body replaced by a constant must fail.

    python benchmarks/humaneval_x.py --data DIR --language cpp [--first 0] [--limit 164] [--workers 2]

DIR holds the publishers' `humaneval_cpp.jsonl` and so on. Needs the language's image. What ends otherwise is listed;
the verdicts of the constants are counted, since one that does not compile says nothing about the tests.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import execfeedback as ef
from execfeedback.importers import humaneval_x
from execfeedback.items import item_for, suite_of
from execfeedback.types import Item, Verdict

Row = dict[str, Any]
FILES = {"javascript": "js"}
JAVA = {"int": "-7", "long": "-7", "double": "-7", "boolean": "false", "String": '"?"'}
JAVA_RETURNS = re.compile(r"public (?:static )?([\w<>, ]+?) \w+\([^()]*\)[^()]*$")
GO_RETURNS = re.compile(r"^func \w+\([^()]*\)\s*(.+?)\s*\{\s*\Z", re.M)


def java(row: Row) -> str:
    returns = JAVA_RETURNS.findall(row["declaration"])[-1]
    return f"        return {JAVA.get(returns, 'null')};\n    }}\n}}\n"


def go(row: Row) -> str:
    returns = GO_RETURNS.findall(row["declaration"])[-1].strip("()").split(",")
    return f"    return {', '.join(f'*new({one.strip()})' for one in returns)}\n}}\n"


CONSTANT: dict[str, Callable[[Row], str]] = {
    "python": lambda row: "    return 'neither this nor that'\n",
    "cpp": lambda row: "    return {};\n}\n",
    "java": java,
    "javascript": lambda row: "  return 'neither this nor that'\n}\n",
    "go": go,
    "rust": lambda row: "    return Default::default();\n}\n",
}
"""Language -> the body that a row's function gets instead of its own, to the end of the text."""


def items(row: Row, language: str) -> tuple[Item, Item]:
    """The canonical solution, and the constant, with the tests as they are imported."""
    wrong = {**row, "canonical_solution": CONSTANT[language](row)}
    right, constant = (as_item(one) for one in (row, wrong))
    return right, constant.model_copy(update={"id": f"{constant.id}/wrong"})


def as_item(row: Row) -> Item:
    problem = humaneval_x.problem(row)
    suite = suite_of(problem)
    assert suite is not None and problem.reference is not None
    return item_for(problem, problem.reference, suite, id=problem.id)


def line(verdict: Verdict) -> str:
    words = verdict.failure.message.strip().splitlines()[:1] if verdict.failure else []
    return f"    {verdict.id}: {verdict.verdict} {' '.join(verdict.reasons)} {' '.join(words)[:100]}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--language", choices=sorted(CONSTANT), required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    path = given.data / f"humaneval_{FILES.get(given.language, given.language)}.jsonl"
    rows = [json.loads(text) for text in path.read_text("utf-8").splitlines() if text.strip()]
    pairs = [items(row, given.language) for row in rows[given.first : given.first + given.limit]]
    verdicts = ef.verify([item for pair in pairs for item in pair], workers=given.workers)
    right, wrong = verdicts[::2], verdicts[1::2]
    print(
        f"{given.language}: {sum(one.passed is True for one in right)} of {len(right)} canonical solutions pass"
    )
    print("\n".join(line(one) for one in right if one.passed is not True))
    print(
        f"{sum(one.passed is False for one in wrong)} of {len(wrong)} constants fail:",
        Counter(one.verdict for one in wrong),
    )
    print("\n".join(line(one) for one in wrong if one.passed is not False or one.verdict == "compile_error"))


if __name__ == "__main__":
    main()
