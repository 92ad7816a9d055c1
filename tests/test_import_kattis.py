"""Problem packages: what is read of them, what is refused, and our own packages judged as their folders say."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from execfeedback.cli import app
from execfeedback.errors import InputError
from execfeedback.importers import _package_files, importer, kattis
from execfeedback.importers._package_files import packages
from execfeedback.protocols import SandboxPool
from execfeedback.types import Checker, Item, Problem, SpecialJudge, StdioCase, TokenChecker
from execfeedback.verifying import verify_items

PACKAGES = Path(__file__).parent / "packages"
SMALL = {
    "problem.yaml": "name: Twice\n",
    "problem_statement/problem.en.tex": "Twice $x$.",
    "data/sample/1.in": "1\n",
    "data/sample/1.ans": "2\n",
    "data/secret/1.in": "4\n",
    "data/secret/1.ans": "8\n",
}

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a package, with changes: path -> text, bytes, or None for a file that is not there."""

    def made(changes: dict[str, str | bytes | None] | None = None, name: str = "twice") -> Path:
        for path, text in {**SMALL, **(changes or {})}.items():
            if text is not None:
                target = tmp_path / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path / name

    return made


def one(path: Path) -> Problem:
    (problem,) = kattis.read(path)
    return problem


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        list(kattis.read(path))
    return str(caught.value)


# ---- what is read -------------------------------------------------------------------------------------------------


def test_our_packages_as_problems() -> None:
    found = {problem.id: problem for problem in kattis.read(PACKAGES)}
    assert list(found) == ["anyorder", "guess", "root", "sum"]
    assert {(p.style, p.language) for p in found.values()} == {("stdio", "python")}
    assert [p.limits.cpu_s for p in found.values()] == [1.0, 1.0, 1.5, 1.0]
    assert found["sum"].limits.memory_mb == 256
    assert found["sum"].checker == TokenChecker(ignore_case=True)
    assert found["root"].checker == TokenChecker(ignore_case=True, absolute=1e-6, relative=1e-6)
    judge = found["anyorder"].checker
    assert isinstance(judge, SpecialJudge) and (judge.language, judge.flags) == ("python", ("positive",))
    assert not judge.interactive
    interactor = found["guess"].checker
    assert isinstance(interactor, SpecialJudge) and interactor.interactive
    shown = found["guess"].statement.partition("Sample interaction 1 (< is what your program reads):\n")[2]
    assert shown.startswith("> 500\n< lower\n") and "Sample input" not in found["guess"].statement
    assert found["sum"].tags == ("kattis", "arithmetic", "easy")
    assert found["root"].source.name == "A contest of our own" and found["root"].source.licence == "cc0"
    assert all(str(p.reference).startswith(("input", "low", "n =", "print")) for p in found.values())


def test_samples_come_first_and_groups_in_order() -> None:
    problem = next(p for p in kattis.read(PACKAGES) if p.id == "sum")
    cases = [case for case in problem.tests or () if isinstance(case, StdioCase)]
    assert [case.stdout.split()[0] for case in cases[:4]] == ["7", "0", "-1000000000", "0"]
    assert len(cases) == 6


def test_the_statement_is_english_and_shows_the_samples(make: Make) -> None:
    path = make({"problem_statement/problem.sv.tex": "Dubbelt.", "problem_statement/problem.tex": None})
    assert one(path).statement == ("Twice $x$.\n\nSample input 1:\n1\n\nSample output 1:\n2")
    swedish = make({"problem_statement/problem.sv.md": "Dubbelt."}, "other")
    (swedish / "problem_statement/problem.en.tex").unlink()
    assert one(swedish).statement.startswith("Twice\n\nDubbelt.\n\nSample")


@pytest.mark.parametrize(
    ("settings", "name", "url"),
    [
        ("source: Spring Cup\nsource_url: u", "Spring Cup", "u"),
        ("source: {name: Spring Cup, url: u}", "Spring Cup", "u"),
        ("source: [{name: Spring Cup, url: u}, Other]", "Spring Cup", "u"),
        ("source: [Spring Cup]\nrights_owner: Somebody", "Spring Cup; rights: Somebody", None),
        ("source:\nrights_owner: 2014", "rights: 2014", None),
        ("license: cc by-sa", None, None),
    ],
)
def test_whose_it_is_is_kept(settings: str, name: str | None, url: str | None, make: Make) -> None:
    source = one(make({"problem.yaml": settings})).source
    assert (source.name, source.url) == (name, url)


@pytest.mark.parametrize(
    ("flags", "checker"),
    [
        ("", TokenChecker(ignore_case=True)),
        ("case_sensitive", "tokens"),
        ("space_change_sensitive", TokenChecker(ignore_case=True, spaces=True)),
        (
            "case_sensitive float_tolerance 1e-4",
            TokenChecker(ignore_case=False, absolute=1e-4, relative=1e-4),
        ),
        (
            "float_absolute_tolerance 0.5 float_relative_tolerance 1e-9",
            TokenChecker(ignore_case=True, absolute=0.5, relative=1e-9),
        ),
    ],
)
@pytest.mark.parametrize("form", ["text", "list", "group"])
def test_flags_of_the_default_validator(flags: str, checker: Checker, form: str, make: Make) -> None:
    if form == "group":
        changes = {"data/testdata.yaml": f"output_validator_flags: {flags}"}
    else:
        given = flags if form == "text" else json.dumps(flags.split())
        changes = {"problem.yaml": f"validator_flags: {given}"}
    assert one(make(changes)).checker == checker


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({".timelimit": "3\n"}, 3.0),
        ({".timelimit": "0.5"}, 0.5),
        ({"problem.yaml": "limits: {time_limit: 7}", ".timelimit": "3"}, 7.0),
        ({}, None),
    ],
)
def test_the_time_limit(changes: dict[str, str], seconds: float | None, make: Make) -> None:
    assert one(make(changes)).limits.cpu_s == seconds


def test_other_limits_leave_room_for_the_machine(make: Make) -> None:
    settings = "limits: {time_limit: 100, memory: 9000, output: 2}"
    limits = one(make({"problem.yaml": settings})).limits
    assert (limits.wall_s, limits.total_wall_s) == (200.0, 400.0)
    assert (limits.memory_mb, limits.output_kb) == (2048, 2048)


def test_a_long_answer_may_be_printed(make: Make) -> None:
    assert one(make({"data/secret/1.ans": "1 " * 150_000})).limits.output_kb == 584


def test_a_validator_takes_its_headers_along(make: Make) -> None:
    folder = "output_validators/check/"
    path = make(
        {
            "problem.yaml": "validation: custom",
            folder + "check.cc": '#include <cstdio>\n#include "a.h"\n#include "b.h"\nint main() {}\n',
            folder + "a.h": '#include "b.h"\nint a;\n',
            folder + "b.h": "int b;\n",
        }
    )
    judge = one(path).checker
    assert isinstance(judge, SpecialJudge) and judge.language == "cpp"
    assert judge.source.split("\n") == [
        "#include <cstdio>",
        "int b;",
        "",
        "int a;",
        "",
        "",
        "int main() {}",
        "",
    ]


def test_a_legacy_validator_counts_only_where_it_is_asked_for(make: Make) -> None:
    path = make({"output_validators/check.py": "import sys\nsys.exit(42)\n"})
    assert one(path).checker == TokenChecker(ignore_case=True)
    (path / "problem.yaml").write_text("problem_format_version: 2023-07-draft\n")
    assert isinstance(one(path).checker, SpecialJudge)


def test_the_reference_is_an_accepted_program_of_one_file(make: Make) -> None:
    assert one(make()).reference is None
    path = make({"submissions/accepted/a.cc": "int main() {}", "submissions/accepted/b/main.py": "pass"})
    assert (one(path).language, one(path).reference) == ("cpp", "int main() {}")
    path = make({"submissions/accepted/c.py": "print(2)"})
    assert (one(path).language, one(path).reference) == ("python", "print(2)")


# ---- archives -----------------------------------------------------------------------------------------------------


def zipped(target: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return target


@pytest.mark.parametrize("root", ["", "twice/", "a/b/twice/"])
def test_a_zip_is_read_as_its_folder(root: str, make: Make, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "twice.zip", {root + path: text for path, text in SMALL.items()})
    assert one(archive) == one(make())


def test_a_zip_of_several_packages_and_a_folder_with_zips(make: Make, tmp_path: Path) -> None:
    both = {f"all/{name}/{path}": text for name in ("a", "b") for path, text in SMALL.items()}
    zipped(tmp_path / "more.zip", both | {"__MACOSX/c/problem.yaml": ""})
    make()
    assert [problem.id for problem in kattis.read(tmp_path)] == ["a", "b", "twice"]


@pytest.mark.parametrize("name", ["../problem.yaml", "/etc/problem.yaml", "a/../../problem.yaml"])
def test_a_path_that_leaves_its_archive_is_refused(name: str, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "x.zip", {name: "name: x"})
    assert refused(archive) == f"{archive}: the path {name!r} leaves the archive; pack it again"
    assert list(tmp_path.iterdir()) == [archive]


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "x.zip", {k: v for k, v in SMALL.items() if k != "data/secret/1.in"})
    with zipfile.ZipFile(archive, "a") as file:
        link = zipfile.ZipInfo("data/secret/1.in")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    assert refused(archive) == f"{archive}/data/secret/1.in: is a link; put a copy in its place"


def test_a_file_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_package_files, "MOST_BYTES", 1 << 20)
    archive = zipped(tmp_path / "x.zip", SMALL | {"data/secret/1.in": "0" * (2 << 20)})
    assert archive.stat().st_size < 10_000
    assert refused(archive) == f"{archive}/data/secret/1.in: is larger than 1 MB; make it smaller"


def test_what_is_no_zip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04 no")
    assert refused(path) == f"{path}: is no .zip that can be read: File is not a zip file"
    archive = zipped(tmp_path / "y.zip", SMALL)
    archive.write_bytes(archive.read_bytes().replace(b"Twice", b"Thrice"[:5], 1)[:-4])
    assert "y.zip" in refused(archive)


# ---- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problem.yaml": "a: [1"}, "/problem.yaml: is not YAML: while parsing"),
        ({"problem.yaml": "!!python/object/apply:os.system [ls]"}, "/problem.yaml: is not YAML: could not"),
        ({"problem.yaml": "[" * 2000}, "/problem.yaml: is not YAML: "),
        ({"problem.yaml": "- a"}, "/problem.yaml: must hold names with values (`name: ...`)"),
        ({"problem.yaml": "# " * (1 << 20)}, "/problem.yaml: is larger than 1 MB, which settings never are"),
        ({"problem.yaml": "name: [a]"}, "/problem.yaml: field 'name': must be a valid string"),
        (
            {"problem.yaml": "limits: {time_limit: -1}"},
            "/problem.yaml: field 'limits.time_limit': must be gr",
        ),
        ({"problem.yaml": "limits: 3"}, "/problem.yaml: field 'limits': "),
        ({"problem.yaml": b"name: \xff"}, "/problem.yaml: is not UTF-8 (byte 7); convert it"),
        (
            {"problem.yaml": "validator_flags: float_tolerance x"},
            "/problem.yaml: field 'validator_flags': float_tolerance needs a number, not 'x'",
        ),
        (
            {"problem.yaml": "validator_flags: float_tolerance"},
            "/problem.yaml: field 'validator_flags': float_tolerance needs a number, not ''",
        ),
        (
            {"problem.yaml": "validator_flags: fast"},
            "/problem.yaml: field 'validator_flags': 'fast' is no flag",
        ),
        (
            {"problem.yaml": "validation: custom"},
            ": validation is custom, but output_validators/ has no file; add it",
        ),
        ({".timelimit": "soon"}, "/.timelimit: must be seconds, more than 0 and at most 3600"),
        ({".timelimit": "0"}, "/.timelimit: must be seconds, more than 0 and at most 3600"),
        ({"data/secret/1.ans": None}, "/data/secret/1.in: has no 1.ans beside it; add it"),
        ({"data/secret/1.in": b"\xff"}, "/data/secret/1.in: is not UTF-8 (byte 1); convert it"),
        (
            {path: None for path in SMALL if path.startswith("data/")},
            "/data: holds no case; put *.in and *.ans into data/secret",
        ),
        (
            {"problem_statement/problem.en.tex": None, "problem_statement/problem.en.pdf": "x"},
            ": has no statement/problem.en.md or .tex (or problem_statement/); write one",
        ),
        (
            {"problem.yaml": "validation: interactive"},
            ": validation is custom, but output_validators/ has no file",
        ),
        ({"problem.yaml": "type: [pass-fail, multi-pass]"}, ": is multi-pass, which is not supported"),
        ({"problem.yaml": "type: submit-answer"}, ": is submit-answer, which is not supported"),
        ({"problem.yaml": "constants: {n: 3}"}, ": has constants that are put into its files, which is not"),
        ({"include/python3/x.py": "pass"}, ": has files that go along with submissions (include/), which"),
        ({"data/secret/1.args": "-x"}, ": gives programs arguments or files (data/secret/1.args), which"),
        (
            {"data/secret/testdata.yaml": "output_validator_flags: case_sensitive"},
            ": validates groups of cases with different flags, which is not supported",
        ),
        (
            {"data/secret/testdata.yaml": "output_validator_flags: {a: b}"},
            "/data/secret/testdata.yaml: field 'output_validator_flags': must be a list",
        ),
        (
            {
                "problem.yaml": "validation: custom",
                "output_validators/a.py": "",
                "output_validators/b.py": "",
            },
            ": has an output validator that is not one source file (output_validators/a.py, output_valid",
        ),
        (
            {"problem.yaml": "validation: custom", "output_validators/a/build": ""},
            ": has an output validator that is not one source file (output_validators/a/build)",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_file(
    changes: dict[str, str | bytes | None], message: str, make: Make
) -> None:
    path = make(changes)
    found = refused(path)
    assert found.startswith(f"{path}{message}"), found
    assert len(found) < 600


def test_many_references_to_one_value_cost_nothing(make: Make) -> None:
    """Each line names the one before it nine times."""
    lines = ["a0: &a0 x"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    found = refused(make({"problem.yaml": "\n".join([*lines, "source: *a29", "keywords: *a29"])}))
    assert "field 'source" in found and len(found) < 1000


def test_links_stay_inside_of_the_package(make: Make, tmp_path: Path) -> None:
    path = make({"data/secret/2.ans": "2\n"})
    (path / "data/secret/2.in").symlink_to(path / "data/sample/1.in")
    assert len(one(path).tests or ()) == 3
    (tmp_path / "outside").write_text("1\n")
    (path / "data/secret/2.in").unlink()
    (path / "data/secret/2.in").symlink_to(tmp_path / "outside")
    assert refused(path).endswith("/data/secret/2.in: is a link out of the package; put a copy in its place")
    (path / "data/secret/2.in").unlink()
    (path / "data/secret/more").symlink_to(path / "data/sample")
    assert refused(path).endswith("/data/secret/more: is a link to a folder; put a copy in its place")


def test_nothing_to_read_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "x") == f"{tmp_path / 'x'}: no such file or folder"
    assert refused(tmp_path).startswith(f"{tmp_path}: holds no problem.yaml; name a problem package")


def test_what_is_not_supported_is_left_out_of_a_folder(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make()
    make({"problem.yaml": "type: multi-pass"}, "guess")
    assert [problem.id for problem in kattis.read(tmp_path)] == ["twice"]
    assert (
        capsys.readouterr().err == f"left out: {tmp_path / 'guess'}: is multi-pass, which is not supported\n"
    )
    assert list(kattis.submissions(tmp_path)) == []
    assert capsys.readouterr().err == ""


def test_two_packages_of_one_name_are_refused(make: Make, tmp_path: Path) -> None:
    make(name="a/twice"), make(name="b/twice")
    assert "field 'id': 'twice' is the id of" in refused(tmp_path)


# ---- submissions --------------------------------------------------------------------------------------------------


def items_of(path: Path) -> dict[str, Item]:
    return {item.id: item for item in kattis.submissions(path)}


def test_submissions_are_items_that_expect_what_their_folder_says() -> None:
    found = items_of(PACKAGES)
    assert len(found) == 32
    assert {item.expected for item in found.values()} == {
        *("passed", "wrong_answer", "time_limit", "runtime_error"),
    }
    narrow = found["sum/wrong_answer/narrow.cpp"]
    assert (narrow.language, narrow.style, narrow.expected) == ("cpp", "stdio", "wrong_answer")
    assert (narrow.stop_on, narrow.problem, narrow.limits.cpu_s) == ("first_failure", "sum", 1.0)
    assert not any("partially" in id for id in found)


def test_a_folder_is_one_submission_and_its_main_file_comes_first() -> None:
    parts = items_of(PACKAGES)["sum/accepted/parts"].solution
    assert isinstance(parts, dict) and list(parts) == ["main.cpp", "total.cpp", "total.h"]


def test_languages_come_from_suffixes_and_old_python_says_so(make: Make) -> None:
    path = make(
        {
            "submissions/accepted/a.py": "#!/usr/bin/env python2\nprint 1\n",
            "submissions/accepted/b.C": "int main() {}",
            "submissions/accepted/c.kt": "fun main() {}",
            "submissions/accepted/d.cpp": b"// \xe5\nint main() {}",
            "submissions/accepted/notes.txt": "none",
            "submissions/accepted/.hidden.py": "none",
            "submissions/submissions.yaml": "none",
            "submissions/rejected/e.py": "none",
        }
    )
    found = items_of(path)
    assert {id.rpartition("/")[2]: item.language for id, item in found.items()} == {
        "a.py": "python2",
        "b.C": "cpp",
        "c.kt": "kotlin",
        "d.cpp": "cpp",
    }
    assert found["twice/accepted/d.cpp"].solution == "// å\nint main() {}"


def import_(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["problems", "import", *map(str, arguments)])


def test_the_command_writes_problems_and_items(tmp_path: Path) -> None:
    out, items = tmp_path / "p.jsonl", tmp_path / "i.jsonl"
    result = import_("kattis", PACKAGES, "--out", out, "--items", items)
    assert result.output == (
        f"4 problems in {out}\n32 submissions in {items}\nNext: execfeedback grow {out} --out corpus.db\n"
        f"      execfeedback verify {items} --out verdicts.jsonl\n"
    )
    rows = [json.loads(line) for line in items.read_text().splitlines()]
    assert [Item.model_validate(row).id for row in rows] == list(items_of(PACKAGES))
    result = import_("kattis", PACKAGES / "sum", "--out", out, "--items", items, "--json")
    assert json.loads(result.output) == {
        "kind": "kattis",
        "problems": 1,
        "submissions": 9,
        "out": str(out),
        "items": str(items),
    }


def test_a_kind_without_submissions_says_so(tmp_path: Path) -> None:
    result = import_("mbpp", tmp_path / "m", "--out", tmp_path / "p", "--items", tmp_path / "i")
    assert str(result.exception) == "--items: sets of kind 'mbpp' bring no submissions; leave it out"
    assert list(tmp_path.iterdir()) == []
    assert importer("kattis").NAME == "kattis"


def test_a_package_is_named_as_its_folder_even_from_within(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make())
    assert [package.name for package in packages(Path("."))] == ["twice"]


# ---- judged -------------------------------------------------------------------------------------------------------


@pytest.mark.docker
@pytest.mark.slow
async def test_every_submission_ends_as_its_folder_says(sandbox: SandboxPool) -> None:
    items = items_of(PACKAGES)

    found = {v.id: v async for v in verify_items(items.values(), sandbox, workers=sandbox.workers)}

    assert {id: found[id].verdict for id in items} == {id: item.expected for id, item in items.items()}


@pytest.mark.docker
async def test_a_validator_in_cpp_reads_its_files_and_flags(make: Make, sandbox: SandboxPool) -> None:
    validator = """
    #include <fstream>
    #include <iostream>
    int main(int count, char **words) {
        long input, answer, got;
        std::ifstream(words[1]) >> input, std::ifstream(words[2]) >> answer;
        std::cin >> got;
        if (count != 5 || words[4] != std::string("-x") || answer != 2 * input) return 1;
        return got == -answer ? 42 : 43;
    }
    """
    path = make(
        {
            "problem.yaml": "validation: custom\nvalidator_flags: -x\n",
            "output_validators/check.cpp": validator,
            "submissions/accepted/a.py": "print(-2 * int(input()))\n",
            "submissions/wrong_answer/b.py": "print(2 * int(input()))\n",
        }
    )
    items = list(kattis.submissions(path))
    found = [v.verdict async for v in verify_items(items, sandbox, workers=1)]
    assert found == ["passed", "wrong_answer"]
