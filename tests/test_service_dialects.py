"""The dialects against real containers: shapes as upstream has them, and the traps that are known of their clients."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from running_service import Running, ask

from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.service.offered import three_numbers
from execfeedback.service.runner import Settings

pytestmark = pytest.mark.docker
RESULT = {"status", "execution_time", "return_code", "stdout", "stderr", "cpu_time"}
REPLY = {"status", "message", "compile_result", "run_result", "executor_pod_name", "files"}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with Running(DockerSandbox(workers=2)) as address:
        yield address


async def run_code(service: str, code: str, language: str = "python", **more: Any) -> dict[str, Any]:
    answer = await ask(service, "/run_code", {"code": code, "language": language, **more})
    assert answer.status == 200, answer
    assert answer.headers["X-Execfeedback-Integrity"] == "shared"
    assert answer.json.keys() == REPLY
    return dict(answer.json)


def text(content: str) -> str:
    return base64.b64encode(content.encode()).decode()


async def busy_slots(address: str) -> str:
    text = (await ask(address, "/metrics")).text
    return next(line for line in text.splitlines() if line.startswith('execfeedback_slots{state="busy"'))


async def test_a_slot_is_busy_until_what_was_called_off_has_ended_and_nobody_waits_for_it_in_its_own_time() -> (
    None
):
    slow = {"code": "import time\ntime.sleep(4)", "run_timeout": 30}
    quick = {"code": "print(1)", "run_timeout": 0.5, "compile_timeout": 0.1}
    async with Running(DockerSandbox(workers=1), Settings(slots=1, memory_mb=4096)) as address:
        await ask(address, "/run_code", quick)
        leaving = asyncio.create_task(ask(address, "/run_code", slow))
        await asyncio.sleep(1)
        leaving.cancel()
        await asyncio.sleep(0.5)

        assert (await busy_slots(address)).endswith(" 1.0")
        assert (await ask(address, "/run_code", quick)).json["status"] == "Success"
        waited = (await ask(address, "/metrics")).text
        assert 'execfeedback_queue_wait_seconds_bucket{le="1.0"} 2.0' in waited, "the third did wait"
        assert (await busy_slots(address)).endswith(" 0.0")


# ---- SandboxFusion -------------------------------------------------------------------------------------------------


async def test_a_program_that_ends_well_is_a_success(service: str) -> None:
    found = await run_code(service, "print(int(input()) + 1)", stdin="41", expected_stdout="42", unknown=[1])

    result = found["run_result"]
    assert (found["status"], found["message"], found["compile_result"], found["files"]) == (
        "Success",
        "",
        None,
        {},
    )
    assert result.keys() == RESULT and (result["status"], result["return_code"]) == ("Finished", 0)
    assert result["stdout"] == "42\n" and result["stderr"] == "" and result["execution_time"] > 0


@pytest.mark.parametrize(
    ("code", "status", "code_returned"),
    [
        ("raise SystemExit(3)", "Finished", 3),
        ("1 / 0", "Finished", 1),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "Finished", -11),
        ("print('x' * 3_000_000)", "Finished", -9),
        ("x = bytearray(600 << 20)", "Finished", -9),
    ],
)
async def test_a_program_that_ends_badly_has_failed(
    service: str, code: str, status: str, code_returned: int
) -> None:
    found = await run_code(service, code, memory_limit_MB=256)

    assert (found["status"], found["run_result"]["status"]) == ("Failed", status)
    expected = (
        {code_returned, 1} if "bytearray" in code else {code_returned}
    )  # Python may notice before the limit does
    assert found["run_result"]["return_code"] in expected


async def test_what_was_printed_before_a_timeout_is_kept_and_its_time_is_never_null(service: str) -> None:
    found = await run_code(service, "import time\nprint('so far', flush=True)\ntime.sleep(60)", run_timeout=1)

    result = found["run_result"]
    assert (found["status"], result["status"], result["return_code"]) == ("Failed", "TimeLimitExceeded", None)
    assert result["stdout"] == "so far\n" and 1 <= result["execution_time"] < 5


async def test_a_compiled_language_has_its_compile_result_always(service: str) -> None:
    good = await run_code(service, '#include <cstdio>\nint main() { puts("hi"); }', "cpp")
    bad = await run_code(service, "int main() { return x; }", "cpp")

    assert (good["status"], good["compile_result"]["return_code"], good["run_result"]["stdout"]) == (
        "Success",
        0,
        "hi\n",
    )
    assert bad["status"] == "Failed" and bad["run_result"] is None
    assert bad["compile_result"]["status"] == "Finished" and bad["compile_result"]["return_code"] == 1
    assert "error" in bad["compile_result"]["stderr"] and bad["compile_result"]["execution_time"] > 0


async def test_an_interpreter_finds_a_fault_of_syntax_when_it_gets_there(service: str) -> None:
    found = await run_code(service, "echo first\nfoo(", "bash")

    assert found["compile_result"] is None and found["run_result"]["stdout"] == "first\n"
    assert found["status"] == "Failed" and found["run_result"]["return_code"] == 2


async def test_files_go_in_and_come_out(service: str) -> None:
    program = (
        "import pathlib\npathlib.Path('out.txt').write_text(pathlib.Path('data/in.txt').read_text() * 2)"
    )
    files = {"data/in.txt": text("ab"), "skipped": None, "IGNORE_THIS_FILE": text("x")}

    found = await run_code(
        service, program, files=files, fetch_files=["out.txt", "missing", "/etc/passwd", "../x"]
    )

    assert found["status"] == "Success" and found["files"] == {"out.txt": text("abab")}


async def test_no_link_leads_out_of_the_run_and_no_module_of_it_is_imported(service: str) -> None:
    program = """
import os
os.symlink("/etc/passwd", "link"), os.symlink("/etc", "folder"), os.mkdir("own"), os.symlink("own", "near")
for name in ("json.py", "base64.py", "out", "own/out"):
    open(name, "w").write("print('mine')")
"""
    asked = ["link", "folder/passwd", "out", "own/out", "near/out"]

    found = await run_code(service, program, fetch_files=asked)

    assert found["files"] == dict.fromkeys(("out", "own/out", "near/out"), text("print('mine')"))


@pytest.mark.parametrize("path", ["/etc/escaped", "../escaped", "a/../../escaped", "", "x\0y"])
async def test_no_path_leads_out_of_the_run(service: str, path: str) -> None:
    answer = await ask(service, "/run_code", {"code": "", "language": "python", "files": {path: text("x")}})

    assert answer.status == 422 and "inside the run's directory" in answer.json["detail"]


async def test_what_is_no_request_is_refused_in_the_form_that_is_known(service: str) -> None:
    missing = await ask(service, "/run_code", {"language": "python"})
    unknown = await ask(service, "/run_code", {"code": "", "language": "cuda"})
    unreadable = await ask(service, "/run_code", {"code": "", "files": {"x": "%"}})

    assert missing.status == unknown.status == unreadable.status == 422
    assert missing.json["detail"][0]["loc"] == ["body", "code"]
    assert (await ask(service, "/v1/ping")).json == "pong"


async def test_a_pytest_file_is_run_by_pytest(service: str) -> None:
    assert (await run_code(service, "def test_one():\n    assert 1 == 1\n", "pytest", run_timeout=60))[
        "status"
    ] == "Success"
    assert (await run_code(service, "def test_one():\n    assert 1 == 2\n", "pytest", run_timeout=60))[
        "status"
    ] == "Failed"


async def submitted(service: str, kind: str, completion: str, data: dict[str, Any], **extra: Any) -> Any:
    config = {"dataset_type": kind, "provided_data": data, "extra": extra}
    body = {"dataset": "mine", "id": 7, "completion": completion, "config": config}
    return await ask(service, "/submit", body)


async def test_stdin_and_stdout_are_judged_outside_and_until_the_first_failure(service: str) -> None:
    cases = [
        {"input": {"stdin": n}, "output": {"stdout": out}}
        for n, out in (("1", "1.0000001"), ("2", "3"), ("3", "3"))
    ]
    answer = "Here:\n```python\nprint(input())\n```\n"

    short = await submitted(service, "CommonOJDataset", answer, {"test": cases})
    whole = await submitted(service, "CommonOJDataset", answer, {"test": cases}, run_all_cases=True)
    good = await submitted(service, "CommonOJDataset", answer, {"test": cases[::2]})

    assert [test["passed"] for test in short.json["tests"]] == [True, False] and not short.json["accepted"]
    assert [test["passed"] for test in whole.json["tests"]] == [True, False, True]
    assert good.json["accepted"] and good.json["extracted_code"] == "print(input())"
    assert good.json["tests"][0]["exec_info"]["run_result"]["stdout"] == "1\n"
    assert good.headers["X-Execfeedback-Integrity"] == "split" and good.json["extracted_type"] == "fenced"


@pytest.mark.parametrize(
    ("kind", "data", "integrity"),
    [
        (
            "HumanEvalDataset",
            {
                "prompt": "def f(x):\n",
                "entry_point": "f",
                "test": "def check(candidate):\n    assert candidate(1) == 2\n",
            },
            "split",
        ),
        ("MBPPDataset", {"test_list": ["assert f(1) == 2", "assert f(2) == 3"]}, "split"),
        (
            "AutoEvalDataset",
            {"labels": {"programming_language": "python"}, "test": {"code": "assert f(1) == 2"}},
            "shared",
        ),
    ],
)
async def test_an_answer_is_accepted_only_when_its_tests_pass(
    service: str, kind: str, data: dict[str, Any], integrity: str
) -> None:
    right, wrong = (f"```python\ndef f(x):\n    return x {sign} 1\n```" for sign in "+-")
    leaves = "```python\nimport os\nos._exit(0)\n```"

    found = [await submitted(service, kind, answer, data) for answer in (right, wrong, leaves)]

    assert [answer.json["accepted"] for answer in found] == [True, False, integrity == "shared"]
    assert {answer.headers["X-Execfeedback-Integrity"] for answer in found} == {integrity}


@pytest.mark.parametrize("language", ["python", "nodejs", "bash"])
async def test_with_a_flag_a_program_that_leaves_before_its_tests_is_not_accepted(
    service: str, language: str
) -> None:
    programs = {"python": "x = 1\n{}", "nodejs": "let x = 1;\n{}", "bash": "x=1\n{}"}
    leaving = {"python": "raise SystemExit(0)", "nodejs": "process.exit(0)", "bash": "exit 0"}
    data = {"labels": {"programming_language": language}, "test": {"code": ""}}
    answers = [programs[language].format(last) for last in ("", leaving[language])]

    found = [
        await submitted(service, "AutoEvalDataset", answer, data, append_flag=True) for answer in answers
    ]

    assert [answer.json["accepted"] for answer in found] == [True, False]


async def test_a_flag_where_no_line_is_the_last_one_is_refused(service: str) -> None:
    data = {"labels": {"programming_language": "cpp"}, "test": {"code": ""}}
    answer = await submitted(service, "AutoEvalDataset", "int main() {}", data, append_flag=True)

    assert answer.status == 422 and "append_flag" in answer.json["detail"]


async def test_a_set_that_is_not_known_is_said_to_be(service: str) -> None:
    answer = await ask(service, "/submit", {"dataset": "mine", "id": "a", "completion": "", "config": {}})

    assert answer.status == 400 and "no eval class found for dataset mine" in answer.json["detail"]


def verl_result(answer: Any) -> int | bool:
    """As verl's `sandbox_fusion/utils.py` reads a reply, in our words."""
    if answer.status != 200:
        return -1
    reply = answer.json
    compiled, run = reply.get("compile_result"), reply.get("run_result")
    if (
        reply["status"] == "Failed"
        and compiled
        and (compiled["status"] == "Error" or compiled["return_code"] != 0)
    ):
        return -4
    if reply["status"] == "Failed" and run and run["status"] == "TimeLimitExceeded":
        return -3
    if reply["status"] == "Failed":
        return -2
    return str(run["stdout"]).rstrip("\n") == "2"


async def test_a_client_of_the_form_of_verl_tells_every_end_apart(service: str) -> None:
    async def ended(code: str, language: str = "python") -> int | bool:
        body = {"compile_timeout": 10, "run_timeout": 1, "code": code, "stdin": "1", "memory_limit_MB": 1024}
        return verl_result(
            await ask(service, "/run_code", {**body, "language": language, "files": {}, "fetch_files": []})
        )

    assert await ended("print(int(input()) + 1)") is True
    assert await ended("print(int(input()))") is False
    assert await ended("while True: pass") == -3
    assert await ended("1 / 0") == -2
    assert await ended("int main( {", "cpp") == -4


# ---- Piston --------------------------------------------------------------------------------------------------------


async def execute(service: str, content: str, language: str = "python", **more: Any) -> Any:
    body = {"language": language, "version": "*", "files": [{"name": "main", "content": content}], **more}
    return await ask(service, "/api/v2/execute", body)


async def test_a_runtime_is_found_by_name_alias_and_range(service: str) -> None:
    runtimes = (await ask(service, "/api/v2/runtimes")).json
    python = next(one for one in runtimes if one["language"] == "python")
    version = python["version"]

    assert len(version.split(".")) == 3 and "py" in python["aliases"] and "cf_python3" in python["aliases"]
    for name, wanted in (
        ("py", "*"),
        ("python", version),
        ("python3", "3.x"),
        ("cf_python3", "^3.1.0"),
        ("python", "3"),
    ):
        assert (await execute(service, "", name, version=wanted)).json["version"] == version
    for name, wanted in (("python", "2.x"), ("python", "99.0.0"), ("cms_ioi", "*")):
        answer = await execute(service, "", name, version=wanted)
        assert (answer.status, answer.json) == (400, {"message": f"{name}-{wanted} runtime is unknown"})
    packages = (await ask(service, "/api/v2/packages")).json
    assert {"language": "python", "language_version": version, "installed": True} in packages


async def test_compile_is_always_there_and_run_repeats_it_where_it_failed(service: str) -> None:
    python = (await execute(service, "print(input())", stdin="no line feed")).json
    cpp = (await execute(service, "int main() { return 7; }", "c++")).json
    bad = (await execute(service, "int main() { return x; }", "c++17")).json

    assert python["compile"]["code"] == 0 and python["run"]["stdout"] == "no line feed\n"
    assert (cpp["language"], cpp["compile"]["code"], cpp["run"]["code"], cpp["run"]["status"]) == (
        "cpp",
        0,
        7,
        "RE",
    )
    assert bad["run"] == bad["compile"] and bad["compile"]["code"] == 1 and "error" in bad["run"]["stderr"]


async def test_limits_signals_files_and_arguments(service: str) -> None:
    over = (await execute(service, "print('so far', flush=True)\nwhile True: pass", run_timeout=500)).json[
        "run"
    ]
    dead = (await execute(service, "import os\nos.kill(os.getpid(), 11)")).json["run"]
    files = [
        {
            "name": "main.py",
            "content": "import sys, helper\nprint(helper.f(), sys.argv[1:], open('d', 'rb').read())",
        },
        {"name": "helper.py", "content": "def f(): return 'helped'"},
        {"name": "d", "content": "ff00", "encoding": "hex"},
    ]
    body = {"language": "python", "version": "*", "files": files, "args": ["a b"]}
    whole = (await ask(service, "/api/v2/execute", body)).json["run"]

    assert (over["code"], over["signal"], over["status"], over["stdout"]) == (
        None,
        "SIGKILL",
        "TO",
        "so far\n",
    )
    assert (dead["code"], dead["signal"], dead["status"]) == (None, "SIGSEGV", "SG")
    assert whole["stdout"] == "helped ['a b'] b'\\xff\\x00'\n" and whole["output"] == whole["stdout"]
    assert whole["cpu_time"] >= 0 and whole["wall_time"] >= 0 and whole["memory"] > 1 << 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"language": None}, "language is required as a string"),
        ({"version": 3}, "version is required as a string"),
        ({"files": []}, "files is required as an array"),
        ({"files": [{"name": "x"}]}, "files[0].content is required as a string"),
        (
            {"files": [{"content": "aa", "encoding": "hex"}]},
            "files must include at least one utf8 encoded file",
        ),
        ({"args": ["\ud800"]}, "args must hold neither NUL nor half of a surrogate pair"),
        ({"run_timeout": 4_000_000}, "run_timeout cannot exceed the configured limit of 3600000"),
        ({"run_memory_limit": 1 << 40}, "run_memory_limit cannot exceed the configured limit of 2147483648"),
    ],
)
async def test_what_piston_refuses_is_refused_in_its_words(
    service: str, change: dict[str, Any], message: str
) -> None:
    answer = await execute(service, "", **change)

    assert (answer.status, answer.json) == (400, {"message": message})


@pytest.mark.parametrize("limit", [268435456.0, 268435456.5, -1.0])
async def test_a_memory_limit_is_any_number(service: str, limit: float) -> None:
    assert (await execute(service, "print(1)", run_memory_limit=limit)).json["run"]["stdout"] == "1\n"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Python 3.13.5", "3.13.5"),
        ("tinycss2 1.4.0", "1.4.0"),
        ("go version go1.24.4 linux/amd64", "1.24.4"),
        ("GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)", "5.2.37"),
        ("Erlang/OTP 27", "27.0.0"),
        ("", "0.0.0"),
    ],
)
def test_a_version_is_three_numbers(said: str, version: str) -> None:
    assert three_numbers(said) == version


async def test_no_name_of_a_file_leads_out_of_the_run(service: str) -> None:
    files = [{"content": ""}, {"name": "../../x", "content": ""}]

    assert (await execute(service, "", files=files)).status == 400


# ---- OpenRLHF ------------------------------------------------------------------------------------------------------


async def test_rewards_are_numbers_for_one_and_lists_for_many(service: str) -> None:
    prompt = "Write f.\n```python\ndef f(x): ...\n```\n"
    label = json.dumps({"inputs": [[1], [2]], "outputs": [2, 3], "fn_name": "f"})
    right = prompt + "<think>```python\nbad\n```</think>\n```python\ndef f(x):\n    return x + 1\n```"
    wrong = prompt + "I do not know."

    one = await ask(service, "/get_reward", {"query": [right], "prompts": [prompt], "labels": [label]})
    two = await ask(
        service, "/get_reward", {"query": [right, wrong], "prompts": [prompt] * 2, "labels": [label] * 2}
    )

    assert (one.json["rewards"], one.json["scores"]) == (1.0, 1.0)
    assert two.json["rewards"] == [1.0, 0.0] and two.json["extra_logs"]["infra_error"] == [0.0, 0.0]
    assert one.headers["X-Execfeedback-Integrity"] == "split"
