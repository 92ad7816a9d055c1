"""Mutants, stubs and normal forms: what each kind changes and where it does not apply."""

import ast
import io
import json
import keyword
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback.mutation import KINDS, mutants, normal_form, script_files, stubs
from execfeedback.mutation.script import answer

LOOP = "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n\n"
FIND = "def f(xs, y):\n    for x in xs:\n        if x == y:\n            return True\n    return False\n"
CHAIN = "def f(x):\n    if x < 0:\n        return -1\n    elif x == 0:\n        return 0\n    else:\n        return 1\n"
CLASS = "class A:\n    def __init__(self):\n        self.a = 1\n        self.b = 2\n    def g(self):\n        return self.a\n"
DEFAULT = (
    "def f(x, seen=None):\n    if seen is None:\n        seen = []\n    seen.append(x)\n    return seen\n"
)
FIBONACCI = "def f(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n"
WHILE = "def f(n):\n    while n > 9:\n        n = n // 10\n    return n\n"
BREAK = "def f(xs):\n    for x in xs:\n        if x:\n            break\n    return x\n"

ACCEPTED = [
    ("comparison", "def f(a, b):\n    return a == b\n", "return a != b"),
    ("comparison", "def f(a, b):\n    return a not in b\n", "return a in b"),
    ("boundary", "def f(a, b):\n    return (a) <= b\n", "return (a) < b"),
    ("arithmetic", "def f(a, b):\n    return a * b\n", "return a + b"),
    ("arithmetic", LOOP, "n -= x"),
    ("division", "def f(a, b):\n    return a / b\n", "return a // b"),
    ("boolean", "def f(a, b):\n    return a and b\n", "return a or b"),
    ("condition_part", "def f(a, b):\n    return a and (b or a)\n", "return a"),
    ("negation", "def f(a):\n    if not a:\n        return 1\n", "if a:"),
    ("negation", "def f(a):\n    if a > 1:\n        return 1\n", "if a <= 1:"),
    ("off_by_one", "def f(a):\n    return a[-1]\n", "return a[0]"),
    ("off_by_one", "def f(a):\n    return a + 1\n", "return a"),
    ("constant", "def f():\n    return True\n", "return False"),
    ("constant", "def f(a):\n    return ', '.join(a)\n", "return ','.join(a)"),
    ("extremes", "def f(a):\n    return min(a)\n", "return max(a)"),
    ("extremes", "def f(a):\n    return any(a)\n", "return all(a)"),
    ("method", "def f(a):\n    return a.lower()\n", "return a.upper()"),
    ("method", "def f(d):\n    return list(d.keys())\n", "return list(d.values())"),
    ("missing_method", "def f(a):\n    return a.strip()\n", "return a"),
    ("missing_call", "def f(a):\n    return sorted(a)\n", "return a"),
    ("missing_call", "def f(a):\n    return sorted(a, reverse=True)\n", "return sorted(a)"),
    ("swapped_arguments", "def f(a, b):\n    return a - b\n", "return b - a"),
    ("swapped_targets", "def f(d):\n    return [k for k, v in d.items()]\n", "return [k for v, k in d.items()]"),
    ("range_bounds", "def f(n):\n    return list(range(n))\n", "return list(range(n + 1))"),
    ("range_bounds", "def f(n):\n    return list(range(1, n))\n", "return list(range(n))"),
    ("slice_bounds", "def f(a):\n    return a[1:]\n", "return a[:]"),
    ("slice_bounds", "def f(a, n):\n    return a[:n]\n", "return a[:n - 1]"),
    ("wrong_index", "def f(a, i):\n    return a[i]\n", "return a[i + 1]"),
    ("wrong_variable", "def f(a, b):\n    return a\n", "return b"),
    ("wrong_attribute", CLASS, "return self.b"),
    ("missing_case", CHAIN, "if x < 0:\n        return -1\n    else:\n        return 1"),
    ("missing_statement", LOOP, "for x in xs:\n        pass\n    return n"),
    ("assignment", LOOP, "n = x"),
    ("initial_value", LOOP, "n = 1"),
    ("wrong_return", "def f(a, b):\n    return a, b\n", "return b"),
    ("wrong_return", LOOP, "        n += x\n"),
    ("break_continue", BREAK, "continue"),
    ("loop_word", WHILE, "if n > 9:"),
    ("loop_word", CHAIN, "    if x == 0:"),
    ("filter_dropped", "def f(a):\n    return [x for x in a if x > 1]\n", "return [x for x in a ]"),
    ("order", FIBONACCI, "a = b\n        b = a + b"),
    ("into_loop", LOOP, "        n += x\n        return n"),
    ("out_of_loop", "def f(a):\n    n = 0\n    for x in a:\n        y = x\n        n += y\n    return n\n", "\n    n += y"),
    ("early_return", FIND, "        else:\n            return False\n    return False"),
    ("mutable_default", DEFAULT, "def f(x, seen=[]):\n    seen.append(x)"),
]  # fmt: skip

REFUSED = [
    ("comparison", "def f(a, b):\n    return a + b  # a == b\n"),
    ("boundary", "def f(a, b):\n    return a == b\n"),
    ("arithmetic", "def f(a):\n    return 'x' + a\n"),
    ("division", "def f(a, b):\n    return a * b\n"),
    ("boolean", "def f(a, b):\n    return a & b\n"),
    ("condition_part", "def f(a):\n    return not a\n"),
    ("negation", "def f(a):\n    return a\n"),
    ("off_by_one", "def f(a):\n    '''3'''\n    return True\n"),
    ("constant", "def f():\n    '''True'''\n    return f'{1}, '\n"),
    ("extremes", "def f(a):\n    return a.minimum\n"),
    ("method", "def f(a):\n    return a.lower\n"),
    ("missing_method", "def f(a):\n    return a.join(a)\n"),
    ("missing_call", "def f(a):\n    return unknown(a)\n"),
    ("swapped_arguments", "def f(a):\n    return a - a\n"),
    ("swapped_targets", "def f(a):\n    return [x for x in a]\n"),
    ("range_bounds", "def f(a):\n    return arrange(a)\n"),
    ("slice_bounds", "def f(a):\n    return a[1]\n"),
    ("wrong_index", "def f(a):\n    return a['key']\n"),
    ("wrong_variable", "def f(a):\n    return len(a)\n"),
    ("wrong_attribute", "def f(self):\n    return self.a\n"),
    ("missing_case", LOOP),
    ("missing_statement", "def f(a):\n    b = a\n    return b\n"),
    ("assignment", "def f(a):\n    b = a\n    return b\n"),
    ("initial_value", "n = 0\n"),
    ("wrong_return", "def f(a):\n    return a\n"),
    ("break_continue", LOOP),
    ("loop_word", LOOP),
    ("filter_dropped", "def f(a):\n    return [x for x in a]\n"),
    ("order", "def f(a):\n    b = a\n    c = 1\n    return b\n"),
    ("into_loop", "def f(a):\n    while a:\n        a = a[1:]\n"),
    ("out_of_loop", LOOP),
    ("early_return", LOOP),
    ("mutable_default", "def f(x, seen=()):\n    return seen\n"),
]


@pytest.mark.parametrize(("kind", "source", "text"), ACCEPTED)
def test_kind_makes_the_mistake(kind: str, source: str, text: str) -> None:
    assert any(text in mutant.source for mutant in mutants(source, limit=100, seed=0, kinds=[kind]))


@pytest.mark.parametrize(("kind", "source"), REFUSED)
def test_kind_does_not_apply(kind: str, source: str) -> None:
    assert mutants(source, limit=100, seed=0, kinds=[kind]) == []


def test_every_kind_has_an_accept_and_a_reject_case() -> None:
    assert {kind for kind, *_ in ACCEPTED} == set(KINDS) == {kind for kind, _ in REFUSED}


def test_edit_keeps_comments_spacing_and_other_alphabets() -> None:
    source = "def f(a,  b):\n    s = 'äöü'; return s, a  <  b   # größer < kleiner\n"
    (mutant,) = mutants(source, limit=9, seed=0, kinds=["boundary"])
    assert mutant.source == source.replace("a  <  b", "a  <=  b")
    assert (mutant.kind, mutant.line, mutant.description) == ("boundary", 2, "boundary: `<` became `<=`")


def test_limit_seed_and_turns() -> None:
    few = mutants(CHAIN, limit=8, seed=1)
    assert len(few) == 8
    assert few == mutants(CHAIN, limit=8, seed=1)
    assert few != mutants(CHAIN, limit=8, seed=2)
    assert len({mutant.kind for mutant in few}) == len(
        {mutant.kind for mutant in mutants(CHAIN, limit=999, seed=1)}
    )


def test_source_that_cannot_be_parsed_is_refused() -> None:
    with pytest.raises(SyntaxError):
        mutants("def f(:\n", limit=1, seed=0)
    assert answer({"do": "mutants", "source": "def f(:\n", "limit": 1, "seed": 0})["error"].startswith(
        "SyntaxError"
    )


NAMES = st.sampled_from(["a", "b", "c", "total"])
EXPRESSIONS = st.recursive(
    st.one_of(
        NAMES, st.integers(0, 9).map(str), st.sampled_from(["'x y'", "True", "[a, b]", "xs[1:]", "len(xs)"])
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "//", "<", "==", "and", "not in"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda text: f"(not {text})"),
        st.tuples(inner, inner).map(lambda parts: f"max({parts[0]}, {parts[1]})"),
    ),
    max_leaves=5,
)
STATEMENTS = st.one_of(
    st.tuples(NAMES, EXPRESSIONS).map(lambda parts: f"{parts[0]} = {parts[1]}"),
    st.tuples(NAMES, EXPRESSIONS).map(lambda parts: f"{parts[0]} += {parts[1]}"),
    EXPRESSIONS.map(lambda text: f"if {text}:\n        return {text}"),
    EXPRESSIONS.map(lambda text: f"for i in xs:\n        total += i\n        if {text}:\n            break"),
    EXPRESSIONS.map(lambda text: f"while {text}:\n        a, b = b, a"),
)
FUNCTIONS = st.lists(STATEMENTS, min_size=1, max_size=5).map(
    lambda body: "def f(a, b, c, xs):\n    total = 0\n    " + "\n    ".join(body) + "\n    return total\n"
)


@given(source=FUNCTIONS, seed=st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_mutants_compile_differ_and_repeat(source: str, seed: int) -> None:
    found = mutants(source, limit=25, seed=seed)
    forms = [normal_form(mutant.source) for mutant in found]
    assert normal_form(source) not in forms
    assert len(set(forms)) == len(forms)
    assert found == mutants(source, limit=25, seed=seed)
    for mutant in found:
        compile(mutant.source, "mutant", "exec")
        assert 1 <= mutant.line <= source.count("\n") + 1


@given(
    source=FUNCTIONS,
    names=st.lists(
        st.from_regex(r"[a-z]{5,8}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name)),
        min_size=5,
        max_size=5,
        unique=True,
    ),
)
@settings(max_examples=12, deadline=None)
def test_normal_form_does_not_see_names_of_locals_nor_comments(source: str, names: list[str]) -> None:
    tree = ast.parse(source)
    renamed = dict(zip(["a", "b", "c", "xs", "total"], names, strict=True))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = renamed.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = renamed[node.arg]
            node.annotation = ast.Name("int", ast.Load())
    text = ast.unparse(ast.fix_missing_locations(tree)).replace("\n", "  # said\n", 1)
    assert normal_form(text) == normal_form(source)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(a):\n    return g(a)\n", "def f(a):\n    return h(a)\n"),
        ("def f(a, b):\n    return a - b\n", "def f(a, b):\n    return b - a\n"),
        ("def f():\n    return 'a'\n", "def f():\n    return 'b'\n"),
        ("def f(x):\n    return x.a\n", "def f(x):\n    return x.b\n"),
        ("def f(a):\n    return a\n", "def g(a):\n    return a\n"),
    ],
)
def test_normal_form_sees_what_matters(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_normal_form_of_scopes() -> None:
    one = "def f(n: int) -> int:\n    '''Doc.'''\n    g = lambda k: k + n\n    return [g(i) for i in range(n)]\n"
    other = "def f(m):\n    h = lambda q: q + m\n    return [h(j) for j in range(m)]\n"
    assert normal_form(one) == normal_form(other)
    assert normal_form("def f():\n    global x\n    x = 1\n") != normal_form("def f():\n    x = 1\n")


def test_stubs_keep_the_signature() -> None:
    found = {
        stub.kind: stub.source
        for stub in stubs("import re\n\ndef f(a, b=2):\n    '''Doc.'''\n    return a\n", "f")
    }
    assert found["stub_none"] == "import re\n\ndef f(a, b=2):\n    return None\n"
    assert found["stub_first_argument"] == "import re\n\ndef f(a, b=2):\n    return a\n"
    assert {"stub_zero", "stub_empty_list", "stub_empty_text", "stub_true", "stub_raise", "stub_empty"} < set(
        found
    )
    for text in found.values():
        compile(text, "stub", "exec")


def test_no_stub_leaves_a_function_as_it_was() -> None:
    """Tests of that one function would pass, and be called tests that tell nothing."""
    text = "def now():\n    return 5\n\n\ndef later(s):\n    return 5 + s\n"
    for stub in stubs(text, None):
        assert "return 5" not in stub.source, stub.kind
    (first,) = [stub.source for stub in stubs(text, None) if stub.kind == "stub_first_argument"]
    assert first == "def now():\n    return None\n\n\ndef later(s):\n    return s\n"


def test_stubs_of_a_class_keep_its_constructor() -> None:
    (none,) = [stub for stub in stubs(CLASS, "A") if stub.kind == "stub_none"]
    assert "self.b = 2" in none.source and "return self.a" not in none.source


def test_stubs_of_a_program_print_little() -> None:
    assert [stub.source for stub in stubs("print(int(input()) + 1)\n", None)][1] == "print(0)\n"


def test_a_stub_that_is_the_source_is_none() -> None:
    assert "stub_none" not in {stub.kind for stub in stubs("def f():\n    return None\n", "f")}


def test_script_runs_alone_and_answers_json(tmp_path: Path) -> None:
    for path, text in script_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    question = {"do": "mutants", "source": LOOP, "limit": 3, "seed": 5}
    run = subprocess.run(
        [sys.executable, "-S", "mutation.py"],
        input=json.dumps(question),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    assert json.load(io.StringIO(run.stdout)) == {
        "mutants": [
            {"kind": m.kind, "line": m.line, "description": m.description, "source": m.source}
            for m in mutants(LOOP, limit=3, seed=5)
        ]
    }
    assert answer({"do": "normal_form", "source": LOOP}) == {"normal_form": normal_form(LOOP)}
    assert len(answer({"do": "stubs", "source": LOOP, "entry_point": "f"})["mutants"]) == 9
