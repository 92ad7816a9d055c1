"""The language files: what each must have, whatever language it is. Nothing runs."""

import re

import pytest

from execfeedback.languages import Language, languages

ALL = [pytest.param(language, id=name) for name, language in sorted(languages().items())]
MAIN = {"python", "c", "cpp", "java", "javascript", "typescript", "go", "rust", "php", "bash"}
WORDS = {
    "@SOLUTION@",
    "@TESTS@",
    "@ENTRY@",
    "@EACH@",
    "@STEM@",
    "@BIND@",
    "@NAMES@",
    "@SPACED@",
    "@ARITY@",
    "@AFTER@",
    "@LEAVE@",
    "@OWN@",
    "@PACKAGE@",
}


def test_there_are_at_least_24_and_ten_come_first() -> None:
    assert len(languages()) >= 24
    assert {name for name, language in languages().items() if language.main} == MAIN


def test_no_name_means_two_languages() -> None:
    names = [name for one in languages().values() for name in (one.name, *one.aliases)]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("language", ALL)
def test_every_regular_expression_is_one(language: Language) -> None:
    for harness in language.native:
        for pattern in (
            harness.when,
            harness.tests,
            harness.comments,
            harness.results,
            harness.ended,
            harness.hooks,
            harness.strays,
            harness.once,
            harness.missing,
            harness.broken,
            harness.own,
        ):
            re.compile(pattern, re.M)
        for pattern in (*harness.aside, *harness.leaving):
            re.compile(pattern, re.M)
        assert bool(harness.tests) == bool(harness.results)
        assert not harness.own or set(re.compile(harness.own).groupindex) == {"own", "either", "defined"}
        assert not harness.results or {"name", "outcome"} <= set(re.compile(harness.results).groupindex)
    for pattern in (*language.cases.aside, *language.cases.after) if language.cases else ():
        re.compile(pattern, re.M)
    for checking in language.static:
        assert {"line", "message"} <= set(re.compile(checking.finding, re.M).groupindex)


@pytest.mark.parametrize("language", ALL)
def test_harnesses_have_all_their_files_and_use_known_words(language: Language) -> None:
    given = [harness.files for harness in language.native]
    for files in [*given, language.cases.files] if language.cases else given:
        assert all(files.values()), "a file is empty, and the language below has none of that name"
        used = {word for text in files.values() for word in re.findall(r"@[A-Z]+@", text)}
        assert used <= WORDS


@pytest.mark.parametrize("language", ALL)
def test_the_proof_has_a_program_on_each_side(language: Language) -> None:
    assert language.proof.passes.strip() != language.proof.fails.strip()
    assert language.proof.tests
