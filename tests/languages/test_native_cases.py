"""Test programs of the kinds that people and models write, in the real sandbox: each ends as `native_cases.toml` says."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

CASES = tomllib.loads(Path(__file__).with_suffix(".toml").with_stem("native_cases").read_text("utf-8"))
pytestmark = pytest.mark.docker


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
async def test_a_test_program_ends_as_it_should(case: dict[str, Any], sandbox: Sandbox) -> None:
    fields = {key: case[key] for key in ("language", "solution", "tests")}
    item = Item.model_validate({"id": "case", "style": "native", "integrity": "shared", **fields})
    found = await verdict_of(item, sandbox)
    assert found.verdict == case["verdict"], found


MAIN = "public static void main(String[] a) { System.out.println(6); }"


@pytest.mark.parametrize(
    "solution",
    [
        f"/* This is the public class of it */\npublic class Sum {{ {MAIN} }}\n",
        f"class Sum {{\n    static class Node {{ int v; }}\n    {MAIN}\n}}\n",
        f"class Node {{ int v; }}\nclass Sum {{ {MAIN} }}\n",
        f"package com.example.sums;\npublic class Sum {{ {MAIN} }}\n",
        f"\ufeffpublic class Sum {{ {MAIN} }}\n",
        f'class Sum {{ static String of = "public class Q {{"; {MAIN} }}\n',
    ],
    ids=["comment", "nested", "two", "package", "mark", "string"],
)
async def test_java_is_run_by_the_class_that_it_declares(solution: str, sandbox: Sandbox) -> None:
    fields = {"id": "java", "language": "java", "style": "stdio", "tests": [{"stdin": "", "stdout": "6\n"}]}
    item = Item.model_validate({**fields, "solution": solution})
    assert (await verdict_of(item, sandbox)).verdict == "passed"
