"""Rewards: what is code, which column is read, what each trainer gets; from threads, forks and several event loops."""

import asyncio
import inspect
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from execfeedback.errors import InputError, SandboxError
from execfeedback.parsing import last_block
from execfeedback.rewards import openrlhf, verifier
from execfeedback.rewards.scoring import code_in, source, text_of
from execfeedback.rewards.trl import CodeReward, code_reward, code_reward_async
from execfeedback.rewards.values import Options, Score, scored
from execfeedback.rewards.verifiers import code_reward as verifiers_reward
from execfeedback.rewards.verl import compute_score, compute_score_async
from execfeedback.types import TestCounts, Verdict

ADD = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"
VERIFY = {
    "language": "python",
    "tests": "assert add(1, 2) == 3\nassert add(0, 0) == 0\n",
    "entry_point": "add",
}
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
KEYS = {"score", "passed_share", "infra_error", "unverifiable"}


def said(code: str, before: str = "Here it is.") -> str:
    return f"{before}\n\n```python\n{code}```\nThat is all."


def chat(code: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": said(code)}]


def rewards(completions: list[Any], **columns: Any) -> list[float | None]:
    """Each column's value for every completion."""
    repeated = {name: [value] * len(completions) for name, value in columns.items()}
    return code_reward(["Add."] * len(completions), completions, **repeated)


# ---- what is code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("```python\na = 1\n```\nor\n```python\nb = 2\n```", "python", "b = 2"),
        ("<think>\n```python\na = 1\n```\n</think>\n```python\nb = 2\n```", "python", "b = 2"),
        ("<think>```python\na = 1\n```</think>```python\nb = 2\n```", "python", "b = 2"),
        ("```python\na = 1\n```\nIt prints:\n```text\n1\n```", "python", "a = 1"),
        ("```c++\nint a;\n```", "cpp", "int a;"),
        ("```\na = 1\n```", "python", "a = 1"),
        ("```python\ncut = (", "python", "cut = ("),
        ("<think>```python\na = 1\n```", "python", None),
        ("a = 1", "python", None),
        ("", "python", None),
    ],
)
def test_the_last_block_after_thinking_is_the_code(text: str, language: str, code: str | None) -> None:
    assert last_block(text, language) == code


@given(st.text().filter(lambda text: "```" not in text and "~~~" not in text))
def test_text_without_a_fence_holds_no_code(text: str) -> None:
    assert last_block(text, "python") is None


@given(st.text(alphabet="ab =\n", min_size=1), st.text(alphabet="xyz ,.\n"))
def test_prose_around_a_block_changes_nothing(code: str, prose: str) -> None:
    block = f"```python\n{code}\n```"
    assert last_block(f"{prose}\n{block}\n{prose}", "python") == last_block(block, "python") == code


def test_code_in_a_completion_gets_what_the_prompt_gives() -> None:
    prompt = "from typing import List\n\n\ndef first(x: List[int]) -> int:\n"
    found = source({"prompt": prompt, "test": CHECK, "entry_point": "first"})
    assert not isinstance(found, Exception)
    code = code_in(said("def first(x: List[int]) -> int:\n    return x[0]\n"), found, Options())
    assert code is not None and code.startswith("from typing import List\n")


def test_extraction_can_be_chosen() -> None:
    found = source({"verify": VERIFY})
    assert not isinstance(found, Exception)
    bare = f"Sure.\n\n{ADD}"
    assert code_in(bare, found, Options()) is None
    assert "return a + b" in (code_in(bare, found, Options(extract="answer")) or "")
    assert code_in(bare, found, Options(extract=str.upper)) == bare.upper()


def test_texts_of_trainers() -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    assert [text_of(one) for one in ("x", chat("y"), parts, [])] == ["x", said("y"), "ab", ""]


# ---- what a verdict is worth ------------------------------------------------------------------------------------


def verdict(name: str | None, passed: bool | None, counts: tuple[int, int] = (4, 1)) -> Verdict:
    tests = TestCounts(expected=counts[0], passed=counts[1], failed=counts[0] - counts[1])
    error = None if name else "the engine went"
    return Verdict.model_validate(
        {"id": "x", "verdict": name, "passed": passed, "tests": tests, "error": error}
    )


@pytest.mark.parametrize(
    ("name", "passed", "options", "reward"),
    [
        ("passed", True, {}, 1.0),
        ("wrong_answer", False, {}, 0.0),
        ("wrong_answer", False, {"partial": True}, 0.25),
        ("compile_error", False, {"shaping": {"compile_error": -0.5}, "partial": True}, -0.5),
        ("bad_tests", None, {"partial": True}, None),
        ("unverifiable", None, {"on_infra_error": "zero"}, None),
        (None, None, {}, None),
        (None, None, {"on_infra_error": "none"}, None),
        (None, None, {"on_infra_error": "zero"}, 0.0),
    ],
)
def test_blame_decides_the_reward(
    name: str | None, passed: bool | None, options: dict[str, Any], reward: float | None
) -> None:
    assert scored(verdict(name, passed), Options(**options)).reward == reward


def test_the_keys_are_the_same_whatever_happened() -> None:
    all_of_them = [
        scored(verdict(*one), Options()) for one in (("passed", True), ("bad_tests", None), (None, None))
    ]
    assert {frozenset(one.plain()) for one in all_of_them} == {frozenset(KEYS)}
    assert [one.plain()["score"] for one in all_of_them] == [1.0, 0.0, 0.0]
    assert [one.plain()["unverifiable"] for one in all_of_them] == [False, True, False]
    assert [one.plain()["infra_error"] for one in all_of_them] == [False, False, True]
    assert Score(reward=None).plain()["score"] == 0.0


def test_a_configured_reward_pickles_as_its_options() -> None:
    reward = CodeReward(Options(partial=True, shaping={"no_code": -1.0}))
    again = pickle.loads(pickle.dumps(reward))  # noqa: S301
    assert again == reward and again.__name__ == "code_reward"
    assert pickle.loads(pickle.dumps(code_reward)) is code_reward  # noqa: S301
    with pytest.raises(ValidationError, match="on_infra_error"):
        Options.model_validate({"on_infra_error": "ignore"})


def test_the_signatures_are_those_that_trainers_call() -> None:
    assert inspect.iscoroutinefunction(code_reward_async) and inspect.iscoroutinefunction(compute_score_async)
    assert (
        not inspect.iscoroutinefunction(code_reward) and len(inspect.signature(code_reward).parameters) >= 2
    )
    names = list(inspect.signature(compute_score).parameters)
    assert names[:4] == ["data_source", "solution_str", "ground_truth", "extra_info"]
    assert list(inspect.signature(openrlhf.reward_func).parameters) == ["queries", "prompts", "labels"]


# ---- rows that cannot be judged, and no sandbox -------------------------------------------------------------------


def test_a_dataset_without_tests_is_an_error_that_lists_its_columns() -> None:
    with pytest.raises(InputError, match=r"no column of the dataset is known to hold tests.*question"):
        rewards([said(ADD)], question="What?")


def test_rows_of_another_task_get_no_reward_and_are_no_error(caplog: pytest.LogCaptureFixture) -> None:
    assert rewards([said(ADD), "7"], verify=None, answer="7") == [None, None]
    assert caplog.text == ""


def test_a_backend_that_there_is_not_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECFEEDBACK_SANDBOX", "dokcer")
    with pytest.raises(InputError, match="unknown sandbox backend 'dokcer'"):
        rewards([said(ADD)], verify=VERIFY)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    verifier.close()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr("execfeedback.rewards.scoring.WAIT_S", 0.01)
    yield
    verifier.close()


@pytest.mark.usefixtures("no_engine")
def test_without_a_sandbox_there_is_no_reward_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    assert rewards([said(ADD), "no code"], verify=VERIFY) == [None, 0.0]
    assert "through no fault of the program" in caplog.text
    score = compute_score("d", said(ADD), json.dumps(VERIFY))
    assert (score["score"], score["infra_error"], score["unverifiable"]) == (0.0, True, False)
    assert compute_score("d", said(ADD), json.dumps(VERIFY), on_infra_error="zero")["infra_error"] is True
    with pytest.raises(SandboxError):
        CodeReward(Options(on_infra_error="raise"))(["p"], [said(ADD)], verify=[VERIFY])


# ---- in the sandbox ------------------------------------------------------------------------------------------------

SHAPES: dict[str, dict[str, Any]] = {
    "verify": {"verify": VERIFY},
    "verify as JSON": {"verify": json.dumps(VERIFY)},
    "verify as Arrow gives it": {
        "verify": VERIFY
        | {"limits": None, "holdout": [{"args": [2, 2], "expected": 4, "raises": None, "kwargs": None}]}
    },
    "calls": {"inputs": ["1\n2", "0\n0"], "outputs": ["3", "0"], "fn_name": "add"},
    "APPS' lists of one": {"inputs": [[1, 2], [0, 0]], "outputs": [[3], [0]], "fn_name": "add"},
    "assert_case": {"assert_case": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]},
    "verification_info": {
        "verification_info": {
            "language": "python",
            "test_cases": [{"fn_name": "add", "input": "[1]\n[2]", "output": "[1, 2]"}],
        }
    },
    "HumanEval": {"test": CHECK, "entry_point": "add"},
}


@pytest.mark.docker
@pytest.mark.parametrize("columns", SHAPES.values(), ids=SHAPES)
def test_each_shape_of_columns_tells_right_from_wrong(columns: dict[str, Any]) -> None:
    assert rewards([chat(ADD), said(WRONG), "I do not know."], **columns) == [1.0, 0.0, 0.0]


@pytest.mark.docker
def test_programs_are_judged_by_what_they_print() -> None:
    cases = [
        {"input": "1 2\n", "output": "3\n", "type": "stdin_stdout"},
        {"input": "5 5\n", "output": "10\n", "type": "stdin_stdout"},
    ]
    info = {"language": "python", "test_cases": cases}
    right, cut = "print(sum(map(int, input().split())))\n", "print(3)\n"
    assert rewards([said(right), said(cut)], verification_info=info) == [1.0, 0.0]
    score = compute_score(
        "d", said(cut), json.dumps({"inputs": ["1 2\n", "5 5\n"], "outputs": ["3\n", "10\n"]}), partial=True
    )
    assert score == {"score": 0.5, "passed_share": 0.5, "infra_error": False, "unverifiable": False}


@pytest.mark.docker
def test_faults_of_tests_and_items_are_no_reward() -> None:
    broken = {"language": "python", "tests": "assert add(1, 2) =="}
    shared = {"language": "bash", "style": "native", "tests": "true"}
    columns = {"verify": [VERIFY, broken, shared, {"tests": 5}, None]}
    completions = [said(ADD)] * 5
    assert code_reward(["p"] * 5, completions, **columns) == [1.0, None, None, None, None]
    assert compute_score("d", said(ADD), json.dumps(broken))["unverifiable"] is True


@pytest.mark.docker
def test_verl_reads_the_ground_truths_that_people_have() -> None:
    for truth in (
        json.dumps(VERIFY),
        VERIFY["tests"],
        json.dumps({"assert_case": ["assert add(1, 2) == 3"]}),
    ):
        assert [compute_score("d", said(code), truth, {"index": 3})["score"] for code in (ADD, WRONG)] == [
            1.0,
            0.0,
        ]
    assert (
        compute_score("d", said(ADD), CHECK, {"entry_point": "add"}, reward_router_address=None)["score"]
        == 1.0
    )
    assert set(compute_score("d", "no code", json.dumps(VERIFY))) == KEYS


@pytest.mark.docker
def test_openrlhf_gets_numbers_for_one_and_lists_for_several() -> None:
    prompt = "<|im_start|>user\nAdd:\n```python\ndef add(a, b): ...\n```<|im_end|>\n"
    label = json.dumps(VERIFY)
    one = openrlhf.reward_func([f"{prompt}```python\n{ADD}```<|im_end|></s>"], [prompt], [label])
    assert one == {
        "rewards": 1.0,
        "scores": 1.0,
        "extra_logs": {"passed_share": 1.0, "infra_error": 0.0, "unverifiable": 0.0},
    }
    two = openrlhf.reward_func([prompt + said(WRONG), f"{prompt}no<|im_end|>"], [prompt] * 2, [label] * 2)
    assert two["rewards"] == two["scores"] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("a <|im_end|> </s>\n", "a"),
        ("a <|im_end|> b\n", "a <|im_end|> b\n"),
        ("a \n", "a \n"),
        ("</s>", ""),
        ("a" + " " * 100_000 + "b", "a" + " " * 100_000 + "b"),
        ("<|x|>" * 50_000 + "b", "<|x|>" * 50_000 + "b"),
        ("b" + " </s>" * 50_000, "b"),
    ],
    ids=range(7),
)
def test_special_tokens_at_the_end_of_a_response_are_taken_off_in_no_time(said: str, left: str) -> None:
    began = time.monotonic()

    assert openrlhf.response(said, "") == left
    assert time.monotonic() - began < 2


def test_openrlhf_can_load_the_file_by_its_path() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "execfeedback.rewards.openrlhf"], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).samefile(openrlhf.__file__)


class TaskData(BaseModel):
    """As verifiers' own: a pydantic model with `prompt`."""

    prompt: str = "Add."
    verify: dict[str, Any]


@pytest.mark.docker
async def test_verifiers_gets_a_number_or_an_error() -> None:
    right, wrong = (SimpleNamespace(last_reply=said(code)) for code in (ADD, WRONG))
    assert await verifiers_reward(TaskData(verify=VERIFY), right) == 1.0
    assert await verifiers_reward(TaskData(verify=VERIFY), wrong) == 0.0
    with pytest.raises(InputError, match="no reward"):
        await verifiers_reward(TaskData(verify={"tests": "assert ("}), right)


@pytest.mark.docker
async def test_from_any_event_loop_and_beside_others() -> None:
    asked = {"prompts": ["p"] * 2, "completions": [said(ADD), said(WRONG)], "verify": [VERIFY] * 2}
    logged: dict[str, float] = {}
    here = await asyncio.gather(
        *(code_reward_async(**asked, log_metric=logged.__setitem__) for _ in range(4))
    )
    there = await asyncio.to_thread(lambda: asyncio.run(code_reward_async(**asked)))
    assert [*here, there] == [[1.0, 0.0]] * 5
    assert logged == {
        "code_reward/infra_error": 0.0,
        "code_reward/unverifiable": 0.0,
        "code_reward/passed_share": 0.5,
    }


@pytest.mark.docker
def test_many_threads_share_one_pool() -> None:
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda n: rewards([said((ADD, WRONG)[n % 2])], verify=VERIFY), range(64)))
    assert found == [[1.0], [0.0]] * 32


def in_child(code: str) -> list[float | None]:
    return CodeReward(Options(partial=True))(["p"], [said(code)], verify=[VERIFY])


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_in_processes_of_every_kind(method: str) -> None:
    assert rewards([said(ADD)], verify=VERIFY) == [1.0]
    with multiprocessing.get_context(method).Pool(2) as processes:
        assert processes.map(in_child, [ADD, WRONG]) == [[1.0], [0.0]]
    assert rewards([said(WRONG)], verify=VERIFY) == [0.0]


@pytest.mark.docker
def test_a_process_that_ends_leaves_no_container() -> None:
    """Also one that runs no exit handlers."""
    program = (
        "import os, sys; from execfeedback.rewards.verl import compute_score; import json\n"
        "print(compute_score('d', sys.argv[1], sys.argv[2])['score'], flush=True)\n"
        "if sys.argv[3] == 'hard': os._exit(0)\n"
    )
    for how in ("soft", "hard"):
        argv = [sys.executable, "-W", "error", "-c", program, said(ADD), json.dumps(VERIFY), how]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            out, err = process.communicate(timeout=120)
        assert (out, err, process.returncode) == ("1.0\n", "", 0)
        assert eventually_none_of(process.pid)


def eventually_none_of(pid: int) -> bool:
    from execfeedback.sandbox import engine

    client = engine.client()
    try:
        for _ in range(200):
            slots = client.api.containers(all=True, filters={"label": "execfeedback=slot"})
            if not any(one["Labels"]["execfeedback.owner"].startswith(f"{pid}:") for one in slots):
                return True
            os.sched_yield()
    finally:
        client.close()
    return False
