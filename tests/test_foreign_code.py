"""Answers in languages other than Python: bodies under their prompts, code without fences, which block is the solution."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback.foreign import bare, defines
from execfeedback.go_imports import fitted
from execfeedback.importers import humaneval_x
from execfeedback.languages import languages
from execfeedback.looks import plain_code, reads_as_code
from execfeedback.parsing import solution_in
from execfeedback.types import Problem

CPP = "#include <vector>\nusing namespace std;\n// Adds { both.\nint add(int a, int b) {\n"
JAVA = "import java.util.*;\n\nclass Solution {\n    /** Adds. */\n    public int add(int a, int b) {\n"
JS = "/* It's a sum */\nconst add = (a, b) => {\n"
GO = 'package main\n\nimport (\n    "fmt"\n)\n\nfunc Add(a []int) int {\n'
RUBY = "# Adds.\ndef add(a, b)\n"


def problem(language: str, prompt: str | None = None, name: str | None = "add") -> Problem:
    return Problem(id="p", statement="Add.", language=language, entry_point=name, prompt=prompt)


@pytest.mark.parametrize(
    ("language", "prompt", "text", "body"),
    [
        pytest.param("cpp", CPP, "    return a + b;\n}", "    return a + b;\n}\n", id="cpp"),
        pytest.param("cpp", CPP, "\nreturn a + b;", "return a + b;\n}\n", id="brace-is-missing"),
        pytest.param("cpp", CPP, "return a + b;\n}\nint main() { add(1, 2); }", "return a + b;\n}\n", id="rambles"),
        pytest.param("cpp", CPP, "return a + b;\n}\n\nThis adds {both}.", "return a + b;\n}\n", id="explains"),
        pytest.param("cpp", CPP, "```cpp\nreturn a + b;\n}\n```", "return a + b;\n}\n", id="fenced"),
        pytest.param("cpp", CPP, "return a + b;\n}\n```\nIt adds.", "return a + b;\n}\n", id="prompts-fence-ends"),
        pytest.param(
            "cpp", CPP, 'char c = \'}\'; return a;\n// }\n"}";', 'char c = \'}\'; return a;\n// }\n"}";\n}\n', id="quoted"
        ),
        pytest.param(
            "cpp", CPP, "int t[] = {\n  1, // one\n  2\n};\nreturn t[0];",
            "int t[] = {\n  1, // one\n  2\n};\nreturn t[0];\n}\n", id="table",
        ),
        pytest.param("java", JAVA, "        return a + b;\n    }\n}", "        return a + b;\n    }\n}\n", id="java"),
        pytest.param("java", JAVA, "return a + b;", "return a + b;\n}\n}\n", id="class-and-method"),
        pytest.param("java", JAVA, "return a + b;\n}\nSo it adds both.", "return a + b;\n}\n}\n", id="method-and-prose"),
        pytest.param(
            "java", JAVA, "return h(a);\n}\nint h(int x) { return x; }",
            "return h(a);\n}\nint h(int x) { return x; }\n}\n", id="member",
        ),
        pytest.param("java", JAVA, "int add = a;\nadd = b;\n", "int add = a;\nadd = b;\n}\n}\n", id="own-name"),
        pytest.param("javascript", JS, "  return a + b;\n};\n", "  return a + b;\n};\n", id="javascript"),
        pytest.param(
            "javascript", JS, "return `}${a}`.match(/[}\"]/);\n}", "return `}${a}`.match(/[}\"]/);\n}\n", id="template"
        ),
        pytest.param(
            "javascript", JS, "return twice(a);\n};\n\nfunction twice(x) {\n  return x;\n}\n\nfunction other() {}\n",
            "return twice(a);\n};\n\nfunction twice(x) {\n  return x;\n}\n", id="helper",
        ),
        pytest.param("javascript", JS, "return a;\n};\nconst add = (a) => {\n  return 0;\n};\n", "return a;\n};\n", id="again"),
        pytest.param("ruby", RUBY, "  a + b\nend\n", "  a + b\nend\n", id="ruby"),
        pytest.param("ruby", RUBY, "  return a + b\nend\n", "  return a + b\nend\n", id="ends"),
        pytest.param(
            "rust", "fn add(a: i32) -> Sum {\n", "    make(a)\n}\n\nenum Sum { One }\nenum Other { One }\n",
            "    make(a)\n}\n\nenum Sum { One }\n", id="type",
        ),
        pytest.param("rust", "fn add<'a>(a: &'a i32, b: i32) -> i32 {\n", "    *a + b;\n", "    *a + b;\n}\n", id="lifetimes"),
    ],
)  # fmt: skip
def test_a_body_goes_under_its_prompt(language: str, prompt: str, text: str, body: str) -> None:
    assert solution_in(text, problem(language, prompt)) == prompt + body


def test_a_go_body_gets_the_imports_that_it_uses() -> None:
    body = "    sort.Ints(a) // fmt.Println\n    return a[0]\n}\n"
    code = solution_in(body, problem("go", GO, "Add"))
    assert code == GO.replace('"fmt"', '"sort"') + body
    named = 'package main\n\nimport (\n    f "fmt"\n)\n\nfunc A() { sort.Ints(nil) }\n'
    assert fitted(named) == named


@pytest.mark.parametrize(
    ("language", "prompt"),
    [("cpp", CPP), ("java", JAVA), ("javascript", JS), ("go", GO), ("ruby", RUBY),
     ("cpp", None), ("sql", None), ("haskell", None), ("bash", None)],
)  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'm sorry, but I can't help with that.",
        "Use a loop, then return the sum.\nStart from zero (or one), and add each number.",
        "1. Take both numbers.\n2. Add them.\n3. Return the result.",
        "Let me think: the sum of a and b is what we want, so we add them.\n\nFor example, 1 and 2 give 3.",
        "```python\ndef other():\n    pass\n```",
        "<think>return a + b;",
    ],
)
def test_prose_is_no_code(language: str, prompt: str | None, text: str) -> None:
    assert solution_in(text, problem(language, prompt)) is None


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("cpp", "#include <iostream>\nint add(int a, int b) {\n    return a + b;\n}\n"),
        ("java", "import java.util.*;\n\nclass Solution {\n    int add(int a, int b) { return a + b; }\n}\n"),
        ("javascript", "// Adds.\nconst add = (a, b) => a + b;\nmodule.exports = add;\n"),
        ("go", "package main\n\nfunc add(a int, b int) int {\n\tc := a + b\n\treturn c\n}\n"),
        ("rust", "use std::io;\n\nfn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"),
        ("php", "<?php\nfunction add($a, $b) {\n    return $a + $b;\n}\n"),
        ("ruby", "def add(a, b)\n  a + b\nend\n"),
        ("lua", "local function add(a, b)\n  return a + b\nend\n"),
        ("haskell", "add :: Int -> Int -> Int\nadd a b = a + b\n"),
        ("bash", 'add() {\n  echo "$(($1 + $2))"\n}\n'),
        ("perl", "sub add {\n    my ($a, $b) = @_;\n    return $a + $b;\n}\n"),
        ("r", "add <- function(a, b) {\n  a + b\n}\n"),
        ("kotlin", "fun add(a: Int, b: Int): Int = a + b\n"),
        ("scheme", "(define (add a b)\n  (+ a b))\n"),
        ("sql", "SELECT name, SUM(amount)\nFROM sales\nGROUP BY name\nORDER BY name;\n"),
    ],
)
def test_code_without_fences_is_the_run_of_lines_that_look_like_code(language: str, code: str) -> None:
    for text in (code, f"Sure, here is the code.\n\n{code}\nIt takes both and adds them, as you asked.\n"):
        assert solution_in(text, problem(language)) == code


@pytest.mark.parametrize(
    ("language", "prompt", "code", "head", "tail"),
    [
        ("cpp", CPP, "int add(int a, int b) {\n    return a + b;\n}\n", "#include <vector>\nusing namespace std;\n\n", ""),
        ("cpp", CPP, "#include <set>\nint add(int a, int b) {\n    return a + b;\n}\n", "", ""),
        ("java", JAVA, "public int add(int a, int b) {\n    return a + b;\n}\n",
         "import java.util.*;\n\nclass Solution {\n", "}\n"),
        ("java", JAVA, "class Solution {\n    int add(int a) { return a; }\n}\n", "import java.util.*;\n\n", ""),
        ("javascript", "const half = (x) => x / 2;\n\nconst add = (a, b) => {\n", "const add = (a, b) => half(a);\n",
         "const half = (x) => x / 2;\n\n", ""),
    ],
)  # fmt: skip
def test_a_definition_gets_what_the_prompt_gives_before_it(
    language: str, prompt: str, code: str, head: str, tail: str
) -> None:
    assert solution_in(f"```{language}\n{code}```", problem(language, prompt)) == head + code + tail


CPP_ADD = "int add(int a, int b) {\n    return a + b;\n}\n"


@pytest.mark.parametrize(
    ("language", "name", "solution", "after"),
    [
        ("javascript", "add", "function add(a, b) {\n  return a + b;\n}\n", "```javascript\nconsole.log(add(1, 2));\n```"),
        ("javascript", "add", "const add = (a, b) => a + b;\n",
         "```js\nconst { add } = require('./add');\nfor (;;) add(1);\n```"),
        ("javascript", "add", "const add = function (\n  a, b) {\n  return a;\n};\n", "```js\nconst three = add(1, 2);\n```"),
        ("typescript", "add", "export function add(a: number): number {\n  return a;\n}\n", "```ts\nlet x = add(1);\n```"),
        ("cpp", "add", CPP_ADD, "```cpp\nint main() {\n    int x = add(1, 2);\n    return add(1, 2) == 3 ? 0 : 1;\n}\n```"),
        ("cpp", "add", CPP_ADD.replace(") {", ")\n{"), "```cpp\nint add(int, int);\nint x = add(1, 2);\n```"),
        ("cpp", "add", CPP_ADD, "It prints\n```\n3\nadd(1, 2) = 3 and then a lot more\nand more\n```"),
        ("java", "add", "class S {\n    public int add(int a, int b) {\n        return a;\n    }\n}\n",
         "```java\nclass T {\n    @Test\n    void adds() {\n        assertEquals(3, new S().add(1, 2));\n    }\n}\n```"),
        ("go", "Add", "func Add(a int) int {\n\treturn a\n}\n",
         "```go\nfunc TestAdd(t *testing.T) {\n\tx := Add(1)\n\tAdd(x)\n}\n```"),
        ("rust", "add", "pub fn add<T>(a: T) -> T {\n    a\n}\n",
         "```rust\nfn main() {\n    let three = add(1);\n    add(3);\n}\n```"),
        ("ruby", "add", "def self.add(a)\n  a\nend\n", "```ruby\nputs add(1)\nrequire_relative 'add'\n```"),
        ("r", "add", "add <- function(a) {\n  a\n}\n", "```r\nadd(1)\nprint(add(2))\n```"),
        ("haskell", "add", "add :: Int -> Int\nadd a = a\n", "```haskell\nmain = print (add 1)\n```"),
        ("scheme", "add", "(define (add a b)\n  (+ a b))\n", "```scheme\n(display (add 1 2))\n```"),
        ("lua", "add", "local function add(a)\n  return a\nend\n", "```lua\nprint(add(1))\n```"),
        ("bash", "add", "add() {\n  echo $1\n}\n", "```bash\nchmod +x a.sh && ./a.sh\nadd 1 2\n```"),
        ("bash", None, "read a b\necho $((a + b))\n", "```bash\nchmod +x a.sh && ./a.sh <<< '1 2' && ./a.sh < other\n```"),
        ("c", None, "#include <stdio.h>\nint main(void) {\n    return 0;\n}\n",
         "```c\n// a part of it, explained at great length\nreturn 0;\n```"),
        ("rust", None, "use std::io;\nfn main() {\n    println!();\n}\n",
         "```\n1 2\n```\nprints\n```\n3 and a lot more than that, I think\n```"),
    ],
)  # fmt: skip
def test_use_and_traces_after_the_solution_are_not_it(
    language: str, name: str | None, solution: str, after: str
) -> None:
    text = f"Here:\n```{language}\n{solution}```\nAnd so:\n{after}\n"
    assert solution_in(text, problem(language, name=name)) == solution


def test_what_a_block_needs_of_earlier_ones_comes_along() -> None:
    text = (
        "```cpp\n#include <vector>\nconst int MOD = 10;\nint unused() { return 1; }\n```\nA helper:\n"
        "```cpp\nint half(int x)\n{\n    return x / 2 % MOD;\n}\n```\nAnd:\n"
        "```cpp\nint add(int a, int b) {\n    return half(a);\n}\n```"
    )
    assert solution_in(text, problem("cpp")) == (
        "#include <vector>\nconst int MOD = 10;\nint half(int x)\n{\n    return x / 2 % MOD;\n}\n\n"
        "int add(int a, int b) {\n    return half(a);\n}\n"
    )


def test_comments_above_code_without_fences_are_its_own() -> None:
    code = '/*\nAdds (both).\n\n>>> add(1, 2)\n"3"\n*/\n#include <vector>\n\nint add(int a) {\n    return a;\n}\n'
    assert solution_in(f"Here is what was asked:\n\n{code}", problem("cpp")) == code


def test_every_recorded_solution_that_passed_is_extracted(data_dir: Path) -> None:
    paths = sorted((data_dir / "humaneval_x").glob("*.jsonl"))
    known = {each.id: each for path in paths for each in humaneval_x.read(path)}
    prefixes = {"cpp": "CPP", "java": "Java", "js": "JavaScript"}
    total = 0
    for name in ("codejudge_humanevalx.jsonl", "icescore_humanevalx.jsonl"):
        rows = map(json.loads, (data_dir / "completions" / name).read_text(encoding="utf-8").splitlines())
        for row in (row for row in rows if row["language"] != "python" and row["passed"]):
            due = known[row.get("task_id") or f"{prefixes[row['language']]}/{row['humaneval_task_id']}"]
            code = solution_in(row["generation"], due)
            assert code is not None and defines(code, due.entry_point or "", due.language), row["id"]
            total += 1
    assert total == 1664


pieces = st.sampled_from(
    ["```", "```cpp\n", "\n", '"', "'", "`", "{", "}", "(", ")", "/*", "*/", "//", "#", "add(", "add = ", " " * 9, "\\", "/[",
     "R\"(", "r#\"", "<think>", "return 1;\n", "int ", "a" * 50, "\ud800", "import ", ", ", "const ", ": ", "<", "--[["]
)  # fmt: skip
LANGUAGES = (
    "bash",
    "c",
    "cpp",
    "csharp",
    "go",
    "haskell",
    "java",
    "javascript",
    "lisp",
    "lua",
    "pascal",
    "perl",
    "rust",
    "sql",
)


@settings(deadline=None)
@given(
    st.sampled_from(LANGUAGES), st.lists(pieces, max_size=80) | st.lists(st.text(max_size=20), max_size=20)
)
def test_never_raises(language: str, parts: list[str]) -> None:
    text = "".join(parts)
    assert len(bare(text, language)) == len(text)
    for prompt in (None, CPP):
        code = solution_in(text, problem(language, prompt))
        assert code is None or code.strip()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LANGUAGES), st.lists(pieces, min_size=1, max_size=6))
def test_200_kb_take_little_time(language: str, parts: list[str]) -> None:
    unit = "".join(parts)
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    solution_in(text, problem(language, CPP))
    solution_in("```\n" + text, problem(language))
    assert time.process_time() - began < 6


@pytest.mark.slow
@pytest.mark.parametrize("language", ["bash", "cpp", "haskell", "javascript", "lisp", "rust"])
@pytest.mark.parametrize(
    "unit",
    [
        "(/[",
        '"\\',
        "'",
        "/*",
        "\n ",
        "add (",
        "add a ",
        "int add(){",
        "a.b(",
        "a ",
        "a, ",
        "a=",
        "(",
        "{",
        "}\n",
        "<a",
        '"""',
        "import a",
        " add",
    ],
)
def test_200_kb_of_the_worst(language: str, unit: str) -> None:
    for text in (unit * (200_000 // len(unit)), f"{unit * (390 // len(unit))}\n" * 500):
        began = time.process_time()
        plain_code(text, language)
        reads_as_code(text, language)
        defines(text, "add", language)
        solution_in(text, problem(language, CPP))
        assert time.process_time() - began < 3


@pytest.mark.parametrize("language", [each for each in sorted(languages()) if each != "python"])
def test_the_proof_of_every_language_is_read_without_fences(language: str) -> None:
    proof = languages()[language].proof
    due = Problem(id="p", statement="", language=language, style=proof.style, entry_point=proof.entry_point)
    for program in (proof.passes, proof.fails):
        code = program.strip("\n").rstrip() + "\n"
        assert (
            solution_in(f"Here is the program:\n\n{code}\nIt reads the numbers, and prints their sum.\n", due)
            == code
        )
