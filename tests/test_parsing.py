"""Code out of what models write: each shape seen in the wild, and that no text can make it fail or be slow."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback.blocks import answer, parted
from execfeedback.parsing import fenced, solution_in
from execfeedback.types import Problem

ADD = "def add(a, b):\n    return a + b\n"
PLAIN = Problem(id="p", statement="Add.", entry_point="add")
SCRIPT = Problem(id="s", statement="Read two numbers and print their sum.", style="stdio")
PROMPT = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Sum of xs."""\n'
WITH_PROMPT = Problem(id="h", statement=PROMPT, entry_point="total", prompt=PROMPT)


def found(text: str, problem: Problem = PLAIN) -> str | None:
    return solution_in(text, problem)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"```python\n{ADD}```", id="fence"),
        pytest.param(f"```py\n{ADD}\n\n```\n", id="other-tag"),
        pytest.param(f"```\n{ADD}```", id="no-tag"),
        pytest.param(f"~~~python\n{ADD}~~~", id="tildes"),
        pytest.param(f"````python\n{ADD}````", id="four-backticks"),
        pytest.param(f"```Python title=add.py\n{ADD}```", id="info-string"),
        pytest.param(f"Sure! Here it is:\n\n```python\n{ADD}```\n\nIt adds `a` and `b`.", id="chatter"),
        pytest.param(f"Here: ```python\n{ADD}```", id="fence-after-text"),
        pytest.param(f"```python\n{ADD}", id="unclosed"),
        pytest.param(f"```python\n{ADD.rstrip()}```\nDone.", id="closing-fence-glued"),
        pytest.param(f"```python\n{ADD}".replace("\n", "\r\n"), id="windows-newlines"),
        pytest.param("\ufeff```python\n" + ADD.replace("add", "a\u200bdd") + "```", id="zero-width"),
        pytest.param("```python\n" + ADD.replace("    ", "\u00a0   ") + "```", id="hard-spaces"),
        pytest.param(
            "1. Do this:\n   ```python\n   def add(a, b):\n       return a + b\n   ```\n", id="list"
        ),
        pytest.param("```python\n    def add(a, b):\n        return a + b\n```", id="indented-inside"),
        pytest.param(
            f"<think>\n```python\ndef add(a, b): pass\n```\n</think>\n```python\n{ADD}```", id="think"
        ),
        pytest.param(f"let me see: a + b\n</think>\n\n```python\n{ADD}```", id="think-end-only"),
        pytest.param(f"<think>a</think>hm<think>b</think>\n```python\n{ADD}```", id="two-thoughts"),
        pytest.param(f"```python\n{ADD}``` <think>Is it right?</think> Done.", id="thought-after"),
        pytest.param(
            f"```python\n{ADD}```\n<think>\nIs it right?\n```python\nx = add\n```\n</think>\nDone.",
            id="thought-below",
        ),
        pytest.param(f"<think>a</think>\n```python\n{ADD}```\n<think>b\n</think>", id="between-thoughts"),
        pytest.param(f"{ADD.rstrip()}<|endoftext|>", id="end-of-text"),
        pytest.param(f"{ADD}</s>\n<|im_end|>\n", id="two-ends"),
        pytest.param(f"```python\n{ADD.rstrip()}<|eot_id|>", id="unclosed-and-ended"),
        pytest.param(f"```python\n{ADD}```<|end|>", id="closed-and-ended"),
        pytest.param("```python\n>>> def add(a, b):\n...     return a + b\n...\n>>>\n```", id="session"),
        pytest.param(ADD, id="bare"),
        pytest.param(f"The answer is simple.\n\n{ADD}\nThis returns the sum of a and b.", id="bare-in-prose"),
        pytest.param(f"```bash\npip install numpy\n```\n```python\n{ADD}```\n```\n3\n```", id="other-blocks"),
        pytest.param(f"```python\n{ADD}```\nUse it so:\n```python\nprint(add(1, 2))\n```", id="usage-after"),
        pytest.param(
            f"```python\ndef add(a, b):\n    return a - b\n```\nWrong. Fixed:\n```python\n{ADD}```", id="last"
        ),
        pytest.param(
            f"```python\n{ADD}```\nAgain:\n```python\ndef add(a, b):\n    retu", id="whole-before-cut"
        ),
    ],
)
def test_add_is_found(text: str) -> None:
    assert found(text) == ADD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "I'm sorry, but I can't help with that.",
        "```python\n```",
        "<think>\nI would write\n```python\ndef add(a, b):\n    return a + b\n```\nor maybe",
        "1. Take both numbers.\n2. Add them.\n3. Return the result.",
        "```\nUse a loop, then return the sum.\n```",
        "```bash\npip install add\n```",
        "Note (important): from the start, we import nothing.",
    ],
)
def test_no_code_is_none(text: str) -> None:
    assert found(text) is None


def test_tests_and_main_of_the_answer_are_kept() -> None:
    code = ADD + '\nassert add(1, 2) == 3\n\nif __name__ == "__main__":\n    print(add(1, 2))\n'
    assert found(f"```python\n{code}```") == code
    assert found(code) == code


def test_tabs_are_kept() -> None:
    assert found("```python\ndef add(a, b):\n\treturn a + b\n```") == "def add(a, b):\n\treturn a + b\n"


def test_fence_in_a_docstring_belongs_to_the_code() -> None:
    code = 'def add(a, b):\n    """Add.\n\n    ```\n    add(1, 2)\n    ```\n    """\n    return a + b\n'
    assert found(f"```python\n{code}```\nThat is all.") == code


def test_string_that_never_ends_does_not_swallow_the_prose() -> None:
    text = '```python\ndef add(a, b):\n    """Add\n    return a + b\n```\nThis is all. More prose.\n'
    assert found(text) == 'def add(a, b):\n    """Add\n    return a + b\n'


def test_escaped_html_is_undone_but_not_the_programs_own() -> None:
    assert found("```python\ndef add(a, b):\n    return a if b &lt; 0 else a\n```") == (
        "def add(a, b):\n    return a if b < 0 else a\n"
    )
    own = "def add(a, b):\n    return str(a).replace('&lt;', '<') + b\n"
    assert found(f"```python\n{own}```") == own


def test_thought_tags_in_code_are_code() -> None:
    code = 'def add(a, b):\n    return a.split("</think>")[0] + b\n'
    assert found(f"```python\n{code}```") == code


def test_thought_tags_in_comments_of_code_are_code() -> None:
    code = "def add(a, b):\n    # after </think> comes the sum\n    return a + b  # not </think> here\n"
    assert found(f"```python\n{code}```") == code
    assert found(f"<think>so\n# add </think>\n```python\n{code}```") == code
    other = "# unlike </think>\ndef add(a, b):\n    return 1\n"
    assert found(f"<think>\n```python\n{other}```\n</think>\n```python\n{code}```") == code


def test_tokens_in_code_are_code() -> None:
    code = "def add(a, b):\n    return a.split('<|endoftext|>')[0] + b + '</s>'\n"
    assert found(f"```python\n{code}```") == found(code) == code


def test_a_session_without_all_its_prompts_is_left_alone() -> None:
    session = ">>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3\n"
    assert found(f"```python\n{session}```") == "def add(a, b):\n    return a + b\n\nadd(1, 2)\n"
    mixed = ">>> def add(a, b):\n    return a + b\n"
    assert found(f"```python\n{mixed}```") == mixed


def test_imports_and_helpers_of_earlier_blocks_come_along() -> None:
    text = (
        "First the imports:\n```python\nimport math\nimport os\n```\nA helper:\n"
        "```python\ndef half(x):\n    return math.floor(x / 2)\n```\nAnd:\n"
        "```python\ndef add(a, b):\n    return half(a) + b\n```\n"
    )
    assert found(text) == (
        "import math\n\ndef half(x):\n    return math.floor(x / 2)\n\ndef add(a, b):\n    return half(a) + b\n"
    )


def blocks(*codes: str) -> str:
    return "\n\nAnd:\n".join(f"```python\n{code}\n```" for code in codes)


CALLS = "def add(a, b):\n    return half(a) % MOD"
FLOOR = "import math\n\ndef half(x):\n    return math.floor(x)"
TRY = "try:\n    import numpy as np\nexcept ImportError:\n    np = None"


@pytest.mark.parametrize(
    ("codes", "solution"),
    [
        pytest.param(
            (FLOOR, "def add(a, b):\n    return half(a)"),
            f"import math\n\n{FLOOR[13:]}\n\ndef add(a, b):\n    return half(a)\n",
            id="what-a-helper-needs",
        ),
        pytest.param(
            ("MOD = 10", CALLS, "def half(x):\n    return x"),
            f"def half(x):\n    return x\n\nMOD = 10\n\n{CALLS}\n",
            id="constant-before-and-helper-after",
        ),
        pytest.param(
            (TRY, "def add(a, b):\n    return np.add(a, b)"),
            f"{TRY}\n\ndef add(a, b):\n    return np.add(a, b)\n",
            id="import-that-may-fail",
        ),
        pytest.param(
            ("seen = {}", "def add(a, b):\n    seen[a] = b"),
            "seen = {}\n\ndef add(a, b):\n    seen[a] = b\n",
            id="table",
        ),
        pytest.param(
            (ADD.rstrip(), "a = {}\nprint(add(a, 1))", "B = add(1, 2)\nb = 3"), ADD, id="examples-stay"
        ),
        pytest.param((ADD.rstrip(), "def add(a, b): ..."), ADD, id="stub-in-a-line"),
        pytest.param((ADD.rstrip(), 'def add(a, b):\n    """Adds."""\n    pass  # yours'), ADD, id="stub"),
        pytest.param(
            (ADD.rstrip(), "def add(\n    a, b,\n) -> int:\n    raise NotImplementedError"),
            ADD,
            id="stub-of-lines",
        ),
    ],
)
def test_what_the_chosen_block_needs_of_the_others(codes: tuple[str, ...], solution: str) -> None:
    assert found(blocks(*codes)) == solution


def test_a_program_is_what_reads_the_input_and_prints_with_what_it_needs() -> None:
    double = "def double(x):\n    # as the statement has it, with every word of it\n    return 2 * x"
    main = "print(double(int(input())))"
    assert found(blocks(double, main), SCRIPT) == f"{double}\n\n{main}\n"
    solve = "def solve():\n    print(2 * int(input()))"
    assert found(blocks(solve, "solve()", "solve()"), SCRIPT) == f"{solve}\n\nsolve()\n"
    assert found(blocks(solve, "assert solve"), SCRIPT) == solve + "\n"
    whole = "import sys\nn = int(sys.stdin.readline())\nprint(n * 2)"
    assert found(blocks(whole, "n = int(input())", "print(4)"), SCRIPT) == whole + "\n"
    test = "import io, sys\nsys.stdin = io.StringIO('1')\nn = int(input())\nprint(n * 2)"
    assert found(blocks(whole, test), SCRIPT) == whole + "\n"


def test_class_with_the_entry_point_as_method() -> None:
    problem = Problem(id="c", statement="", entry_point="Counter.add")
    code = "class Counter:\n    def add(self, n):\n        self.n = n\n"
    assert found(f"```python\n{code}```\n```python\nprint(Counter())\n```", problem) == code


def test_program_is_the_long_block_not_the_sample_output() -> None:
    program = "a, b = map(int, input().split())\nprint(a + b)\n"
    assert found(f"```\n{program}```\nFor input\n```\n1 2\n```\nit prints\n```\n3\n```", SCRIPT) == program
    assert found(program, SCRIPT) == program
    assert found(f"```python\n{program}```\nTry:\n```python\nprint(3)\n```", SCRIPT) == program


def test_other_languages_are_taken_from_their_fences() -> None:
    problem = Problem(id="r", statement="", language="rust", entry_point="add")
    assert (
        found("Here:\n```rust\nfn add(a: i32) -> i32 { a }\n```", problem) == "fn add(a: i32) -> i32 { a }\n"
    )
    assert found("no code here", problem) is None


# ---- completions -----------------------------------------------------------------------------------------------

BODY = "    result = 0\n    for x in xs:\n        result += x\n    return result\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BODY, id="body"),
        pytest.param("\n" + BODY, id="newline-first"),
        pytest.param(BODY.lstrip(), id="stripped"),
        pytest.param("result = 0\nfor x in xs:\n    result += x\nreturn result", id="at-the-margin"),
        pytest.param(BODY.replace("    ", "  "), id="two-spaces"),
        pytest.param(f"```python\n{BODY}```", id="fenced"),
        pytest.param(BODY + "\n\ndef main():\n    print(total([1]))\n\nmain()\n", id="rambles-on"),
        pytest.param(BODY + "\nThis works because every number is added.\n", id="prose-after"),
    ],
)
def test_body_goes_under_the_prompt(text: str) -> None:
    code = found(text, WITH_PROMPT)
    assert code is not None
    assert code.startswith(PROMPT)
    assert code.count("return") == 1
    assert "main" not in code
    assert "prose" not in code
    compile(code, "solution.py", "exec", dont_inherit=True)


def test_helpers_that_a_body_uses_are_kept() -> None:
    text = "    return sum(map(same, xs))\n\n\ndef same(x):\n    return x\n\n\ndef other():\n    pass\n"
    assert found(text, WITH_PROMPT) == (
        PROMPT + "    return sum(map(same, xs))\n\n\ndef same(x):\n    return x\n"
    )


def test_imports_and_tables_that_a_body_uses_are_kept() -> None:
    text = "    return math.floor(sum(xs)) % SIZE\n\nimport math\nimport os\nSIZE = 7\nxs = [1]\nOTHER = total(xs)\n"
    code = PROMPT + "    return math.floor(sum(xs)) % SIZE\n\n\nimport math\n\n\nSIZE = 7\n"
    assert found(text, WITH_PROMPT) == code
    fenced_ones = blocks("import math\nSIZE = 7", "    return math.floor(sum(xs)) % SIZE")
    assert found(fenced_ones, WITH_PROMPT) == code


def test_definition_gets_the_imports_of_the_prompt_that_it_uses() -> None:
    code = "def total(xs: List[int]) -> int:\n    return sum(xs)\n"
    assert found(code, WITH_PROMPT) == "from typing import List\n\n\n" + code
    bare = "def total(xs):\n    return sum(xs)\n"
    assert found(bare, WITH_PROMPT) == bare


def test_helper_of_the_prompt_is_given_and_not_doubled() -> None:
    prompt = "def poly(x):\n    return x * x\n\n\ndef total(xs):\n    '''Sum.'''\n"
    problem = WITH_PROMPT.model_copy(update={"prompt": prompt})
    code = "def total(xs):\n    return sum(map(poly, xs))\n"
    whole = "def poly(x):\n    return x * x\n\n\n" + code
    assert found(f"```python\n{code}```", problem) == whole
    assert found(f"```python\n{whole}```", problem) == whole


def test_prompt_that_ends_inside_the_signature() -> None:
    problem = WITH_PROMPT.model_copy(update={"prompt": "def total(\n    xs,"})
    assert found("    start=0,\n):\n    return sum(xs, start)\n", problem) == (
        "def total(\n    xs,    start=0,\n):\n    return sum(xs, start)\n"
    )


# ---- properties ------------------------------------------------------------------------------------------------

lines = st.lists(
    st.sampled_from(
        [
            "    x = 1",
            "",
            "    return '```'",
            "    s = '''",
            "```",
            "~~~",
            "    # it's",
            "    y = [",
            "x = 2",
            '    """d"""',
        ]
    )
)


@settings(deadline=None)
@given(lines)
def test_fenced_code_comes_back(body: list[str]) -> None:
    code = "\n".join(["def add(a, b):", "    pass", *body]).rstrip() + "\n"
    assert found(f"Here it is:\n{fenced(code)}\nThat is all.") == code


pieces = st.sampled_from(
    ["```", "~~~", "```python\n", "\n", "'''", '"', "'", "(", "]", "def add(", ":", " " * 9, "\\", "#", "<think>",
     "</think>", "&lt;", "import x\n", "    return 1\n", "\t", "é", "\ud800", "a" * 50, "assert "]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(pieces, max_size=80) | st.lists(st.text(max_size=20), max_size=20))
def test_never_raises(parts: list[str]) -> None:
    for problem in (PLAIN, WITH_PROMPT, SCRIPT):
        code = found("".join(parts), problem)
        assert code is None or code.strip()


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=6))
def test_200_kb_take_little_time(parts: list[str]) -> None:
    unit = "".join(parts)
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    found(text, WITH_PROMPT)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "unit", ["```\n'''\n", "a, ", " ", "`", "```python\n", "x = (\n", "'", "\\\n", "<think>", "a.b["]
)
@pytest.mark.slow
def test_200_kb_of_the_worst(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    found(text)
    found("```python\n" + text, WITH_PROMPT)
    assert time.process_time() - began < 6


# ---- recorded answers ------------------------------------------------------------------------------------------


def _rows(data_dir: Path, name: str) -> list[dict[str, object]]:
    with (data_dir / "completions" / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _compiles(code: str | None) -> bool:
    try:
        compile(code or "(", "solution.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_recorded_answers(data_dir: Path) -> None:
    """Shares of real answers that compile once read: all chat answers, nearly all completions."""
    problems = {}
    with (data_dir / "humaneval" / "humaneval.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            problems[row["task_id"]] = Problem(
                id=row["task_id"],
                statement=row["prompt"],
                prompt=row["prompt"],
                entry_point=row["entry_point"],
            )
    chats = _rows(data_dir, "sandboxfusion_gpt_python.jsonl")
    assert sum(_compiles(found(str(row["raw"]), problems[row["task_id"]])) for row in chats) == 164
    rows = [row for row in _rows(data_dir, "icescore_humanevalx.jsonl") if row["language"] == "python"]
    told = [(str(row["generation"]), problems[f"HumanEval/{row['humaneval_task_id']}"]) for row in rows]
    assert sum(_compiles(found(*each)) for each in told) >= 0.98 * len(told)
    coded = [
        (text, problems[row["task_id"]])
        for row in _rows(data_dir, "codet_codegen16b.jsonl")
        for text in row["completions"]
    ]
    assert sum(_compiles(found(*each)) for each in coded) >= 0.93 * len(coded)


@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("x", "", "x"),
        ("<think>a</think>x", "a", "x"),
        ("a\n</think>\nx", "a", "\nx"),
        ("<think>\na</think>b<THINKING>c</thinking>x", "a</think>b<THINKING>c", "x"),
        ("x\n<think>a", "a", "x\n"),
    ],
)
def test_thought_and_answer_are_parted(text: str, thought: str, said: str) -> None:
    assert parted(text) == (thought, said)


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="<>")))
def test_what_is_said_is_the_end_of_the_text_and_has_no_thought(thought: str, said: str) -> None:
    assert answer(f"<think>{thought}\n</think>\n{said}") == f"\n{said}"
    assert parted(said) == ("", said)
