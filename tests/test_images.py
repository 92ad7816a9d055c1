"""Images: what decides their names, what goes into them, and that they are built once."""

import contextlib
import io
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from typer.testing import CliRunner

from execfeedback.cli import app
from execfeedback.errors import InputError, SandboxError, SandboxMissing
from execfeedback.sandbox import base_image, bootstrap, building, debian_packages, images, packages
from execfeedback.sandbox.base_image import Base, ensure_base
from execfeedback.sandbox.engine import client as open_client
from execfeedback.sandbox.images import Recipe, packages_tag_of, tag_of
from execfeedback.sandbox.superseded import remove, superseded

BASE = Base(tag="execfeedback/base:x", id="a" * 64, origin="debootstrap trixie")
RECIPE = Recipe(name="python", language="python", lock="pytest==1.0 --hash=sha256:00\n")


@pytest.fixture
def sandboxes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the sandboxes folder that may be changed, in the place of the real one."""
    copy = tmp_path / "sandboxes"
    shutil.copytree(building.sandboxes_folder(), copy)
    for module in (images, building):
        monkeypatch.setattr(module, "sandboxes_folder", lambda: copy)
    return copy


def quiet(words: str) -> None:
    del words


# ---- names ------------------------------------------------------------------------------------------------------


def test_a_tag_names_the_environment_and_twelve_digits() -> None:
    name, _, digits = tag_of(RECIPE, BASE).partition(":")
    assert name == "execfeedback/python"
    assert len(digits) == 12
    assert set(digits) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("recipe", "base"),
    [
        (RECIPE.model_copy(update={"lock": "pytest==1.1 --hash=sha256:00\n"}), BASE),
        (RECIPE, BASE.model_copy(update={"id": "b" * 64})),
    ],
)
def test_packages_and_base_decide_the_tag(recipe: Recipe, base: Base) -> None:
    assert tag_of(recipe, base) != tag_of(RECIPE, BASE)
    assert packages_tag_of(recipe, base) != packages_tag_of(RECIPE, BASE)


def test_the_supervisor_decides_the_tag_but_not_that_of_the_packages(sandboxes: Path) -> None:
    before, below = tag_of(RECIPE, BASE), packages_tag_of(RECIPE, BASE)
    (sandboxes / "supervisor" / "__main__.py").write_text("print()\n")
    assert tag_of(RECIPE, BASE) != before
    assert packages_tag_of(RECIPE, BASE) == below


def test_the_dockerfile_decides_both_tags(sandboxes: Path) -> None:
    before, below = tag_of(RECIPE, BASE), packages_tag_of(RECIPE, BASE)
    with (sandboxes / "Dockerfile").open("a") as recipe:
        recipe.write("# changed\n")
    assert tag_of(RECIPE, BASE) != before
    assert packages_tag_of(RECIPE, BASE) != below


def test_byte_code_decides_nothing(sandboxes: Path) -> None:
    before = tag_of(RECIPE, BASE)
    (sandboxes / "supervisor" / "__pycache__").mkdir(exist_ok=True)
    (sandboxes / "supervisor" / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert tag_of(RECIPE, BASE) == before


def test_a_tree_is_its_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = building.tree_digest(tmp_path)
    assert building.tree_digest(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    assert building.tree_digest(tmp_path) != first


def test_files_go_in_as_roots_undated_and_readable() -> None:
    entry = tarfile.TarInfo("tree/opt/x.py")
    entry.uid, entry.gid, entry.mtime, entry.mode, entry.uname = 1000, 1000, 1e9, 0o100600, "me"
    plain = building.plain(entry)
    assert plain is not None
    assert (plain.uid, plain.gid, plain.mtime, plain.mode, plain.uname) == (0, 0, 0, 0o644, "root")
    assert building.plain(tarfile.TarInfo("tree/__pycache__/x.pyc")) is None


@pytest.mark.parametrize("name", ["Mine", "a b", "-x", "python", "python-data", "base", "a/b", ""])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot name an environment"):
        images.build_environment(name, "python", tmp_path / "requirements.txt", quiet)


def test_requirements_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt: there is no such file"):
        images.build_environment("mine", "python", tmp_path / "none.txt", quiet)


def test_a_ready_environment_speaks_its_language_from_its_own_lock() -> None:
    ready, python = images.bundled_recipe("python-data"), images.bundled_recipe("python")
    assert (ready.name, ready.language, ready.layers) == ("python-data", "python", ())
    assert tag_of(ready, BASE).startswith("execfeedback/python-data:")
    assert packages_tag_of(ready, BASE) != packages_tag_of(python, BASE)
    assert packages.names(python.lock) < packages.names(ready.lock)


def test_packages_come_upon_python_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "requirements.txt"
    theirs.write_text("more-itertools\n")
    with pytest.raises(InputError, match="is built upon python or python-data, not upon go"):
        images.build_environment("mine", "go", theirs, quiet)


def test_an_unknown_language_lists_what_there_is() -> None:
    with pytest.raises(InputError, match=r"unknown language 'klingon'; there are: .*python"):
        images.bundled_recipe("klingon")


@pytest.mark.parametrize(
    "arguments",
    [["a", "--from", "python"], ["a", "--pip", "x"], ["a", "b", "--from", "python", "--pip", "x"]],
)
def test_an_environment_needs_a_name_a_language_and_requirements(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["images", "build", *arguments])
    assert isinstance(result.exception, InputError)
    assert "images build NAME --from LANG --pip FILE" in str(result.exception)


@pytest.mark.docker
def test_the_command_prints_one_tag_for_each_name() -> None:
    tag = images.ensure_image("python", quiet)
    result = CliRunner().invoke(app, ["images", "build", "python", "python"])
    assert (result.exit_code, result.stdout) == (0, f"{tag}\n{tag}\n")


# ---- packages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["python", *images.READY])
def test_the_images_packages_are_pinned_for_both_architectures(name: str) -> None:
    lock = images.bundled_recipe(name).lock
    assert {"pytest", "hypothesis", "numpy", "ruff"} <= packages.names(lock)
    for requirement in lock.replace("\\\n", " ").splitlines():
        if not requirement.startswith("#"):
            assert requirement.count("==") == 1
            assert "--hash=sha256:" in requirement


def test_names_are_normalised_and_options_are_not_names() -> None:
    text = "# note\n--pre\nNumPy>=2\nruamel.yaml ; python_version > '3'\nmore_itertools[x]==1\n\n"
    assert packages.names(text) == {"numpy", "ruamel-yaml", "more-itertools"}


def test_our_pins_give_way_to_theirs() -> None:
    lock = "numpy==2.0 \\\n    --hash=sha256:00\npytest==9.0 \\\n    --hash=sha256:11\n"
    assert packages.without(lock, {"numpy"}) == "pytest==9.0\n"


def test_a_lock_names_versions_and_hashes(tmp_path: Path) -> None:
    (tmp_path / "B_x-1.0-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "a-2-py3-none-any.whl").write_bytes(b"a")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert packages.lock_of(tmp_path.iterdir()) == (
        f"a==2 \\\n    --hash=sha256:{a}\nb-x==1.0 \\\n    --hash=sha256:{empty}\n"
    )


def test_wheels_are_asked_for_the_images_python() -> None:
    options = packages.platform_options("arm64")
    assert "manylinux_2_28_aarch64" in options
    assert options[options.index("--python-version") + 1] == "3.13"
    with pytest.raises(SandboxMissing, match="no image is known for riscv64"):
        packages.platform_options("riscv64")


def test_hashes_of_their_own_are_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "requirements.txt"
    theirs.write_text("x==1 --hash=sha256:00\n")
    with pytest.raises(InputError, match="leave the hashes out"):
        packages.resolve(theirs, "", "amd64", tmp_path, quiet)


# ---- the base -----------------------------------------------------------------------------------------------------


def test_debians_own_mirror_is_used_and_no_other() -> None:
    targets = (
        "Debian|Debian-Security|http://a/security/\nUbuntu|Ubuntu|http://b/\nDebian|Debian|http://c/debian/\n"
    )
    assert bootstrap.mirror_in(targets) == "http://c/debian"
    assert bootstrap.mirror_in("Ubuntu|Ubuntu|http://b/\n\nodd line\n") is None


def test_without_a_mirror_debootstrap_uses_its_own() -> None:
    assert bootstrap.command(Path("/x"), None)[-2:] == ["trixie", "/x"]
    assert bootstrap.command(Path("/x"), "http://c/debian")[-3:] == ["trixie", "/x", "http://c/debian"]


def test_installed_packages_are_read_in_order() -> None:
    status = (
        "Package: zlib\nStatus: install ok\nArchitecture: amd64\nVersion: 1:2\n\n"
        "Package: bash\nVersion: 5\nArchitecture: all\nDescription: a\n more: text\n\n"
    )
    assert bootstrap.installed(status) == ["bash 5 all", "zlib 1:2 amd64"]


def test_the_base_holds_no_set_uid_program_and_no_manual() -> None:
    program = tarfile.TarInfo("./usr/bin/su")
    program.mode = 0o4755
    kept = bootstrap.kept(program)
    assert kept is not None
    assert kept.mode == 0o755
    assert bootstrap.kept(tarfile.TarInfo("./usr/share/man/man1/x.1")) is None
    assert bootstrap.kept(tarfile.TarInfo("./usr/share/man")) is not None


def test_debootstrap_sees_the_proxies_and_nothing_else_of_ours() -> None:
    ours = {"https_proxy": "http://p", "NO_PROXY": "x", "OPENAI_API_KEY": "sk", "PATH": "/home/me"}
    seen = bootstrap.environment(ours)
    assert sorted(seen) == ["LC_ALL", "NO_PROXY", "PATH", "https_proxy"]
    assert "/home/me" not in seen["PATH"]


# ---- the real thing -----------------------------------------------------------------------------------------------


@pytest.fixture
def engine() -> Iterator[Any]:
    with contextlib.closing(open_client()) as client:
        yield client


@pytest.fixture
def tag() -> str:
    return images.ensure_image("python", quiet)


def run_in(engine: Any, tag: str, *argv: str) -> str:
    """stdout of a program in a container with a read-only root and no network."""
    said: bytes = engine.containers.run(
        tag, list(argv[1:]), entrypoint=[argv[0]], network_mode="none", read_only=True, remove=True
    )
    return said.decode().strip()


@pytest.mark.docker
def test_a_current_image_is_found_quickly(tag: str) -> None:
    start = time.perf_counter()
    assert images.ensure_image("python", pytest.fail) == tag
    assert images.image_for("python") == tag
    assert images.image_for(tag) == tag
    assert time.perf_counter() - start < 1


@pytest.mark.docker
def test_the_base_is_found_by_a_name_of_its_own(engine: Any, tag: str) -> None:
    base = ensure_base(engine, quiet)
    assert (
        engine.images.get(f"execfeedback/base:recipe-{base_image.RECIPE}").labels["execfeedback.base.id"]
        == base.id
    )
    assert base == base_image.find_base(engine) and "recipe-" not in base.tag


@pytest.mark.docker
def test_images_of_older_versions_are_named_and_removed_unless_they_are_in_use(engine: Any, tag: str) -> None:
    base = ensure_base(engine, quiet)
    old, busy = "execfeedback/python:00000000aaaa", "execfeedback/python:00000000bbbb"
    engine.api.tag(tag, old)
    recipe = f"FROM {base.tag}\nLABEL execfeedback=image execfeedback.environment=python\n"
    engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag=busy, rm=True)
    container = engine.api.create_container(busy, "true")
    try:
        assert {old, busy} <= set(superseded(engine))
        assert not {tag, base.tag} & set(superseded(engine))
        assert remove(engine, old) is None
        assert "container" in (remove(engine, busy) or "")
    finally:
        engine.api.remove_container(container)
        assert remove(engine, busy) is None
    assert not {old, busy} & set(superseded(engine))
    assert engine.images.get(tag)


@pytest.mark.docker
def test_the_newest_image_of_somebodys_own_stays_also_when_it_is_out_of_date(engine: Any, tag: str) -> None:
    """Its label is the only copy of its requirements."""
    base = ensure_base(engine, quiet)
    label = "execfeedback=image execfeedback.environment=of-theirs execfeedback.language=python execfeedback.lock=numpy"
    recipe = f"FROM {base.tag}\nLABEL {label}\n"
    theirs = "execfeedback/of-theirs:00000000cccc"
    engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag=theirs, rm=True)
    try:
        assert theirs not in superseded(engine)
    finally:
        engine.api.remove_image(theirs)


@pytest.mark.docker
def test_the_image_says_what_it_is_made_of(engine: Any, tag: str) -> None:
    labels = engine.images.get(tag).labels
    assert labels["execfeedback"] == "image"
    assert labels["execfeedback.environment"] == "python"
    assert labels["execfeedback.base"].split()[0] in ("debootstrap", "registry")
    assert labels["execfeedback.lock"] == images.bundled_recipe("python").lock
    assert images.language_version(tag).startswith("Python 3.13.")


@pytest.mark.docker
def test_the_image_has_python_and_its_packages(engine: Any, tag: str) -> None:
    program = "import sys, numpy, pytest, hypothesis; print(*sys.version_info[:2], numpy.__file__)"
    assert run_in(engine, tag, "python3", "-c", program) == "3 13 /opt/execfeedback/site/numpy/__init__.py"
    assert run_in(engine, tag, "ruff", "--version").startswith("ruff ")


@pytest.mark.docker
def test_nothing_in_the_image_changes_users_or_needs_compiling(engine: Any, tag: str) -> None:
    assert run_in(engine, tag, "find", "/", "-xdev", "-perm", "/6000", "-type", "f") == ""
    program = (
        "import glob\n"
        "for top in ('/opt/execfeedback/site/numpy', '/opt/execfeedback/supervisor'):\n"
        "    codes = [open(f, 'rb').read(8)[4:] for f in glob.glob(top + '/__pycache__/*.pyc')]\n"
        "    print(len(codes) > 3, set(codes) == {b'\\x01\\0\\0\\0'})\n"  # by hash, and never checked (PEP 552)
    )
    assert run_in(engine, tag, "python3", "-c", program) == "True True\nTrue True"


@pytest.mark.docker
def test_a_version_that_ends_without_a_line_feed_is_heard_each_time(engine: Any) -> None:
    base = ensure_base(engine, quiet).tag

    said = {debian_packages.version_in(engine, base, ("printf", "x %s", "1.2")) for _ in range(6)}

    assert said == {"x 1.2"}
    with pytest.raises(SandboxError):
        debian_packages.version_in(engine, base, ("false",))


@pytest.mark.docker
def test_a_registry_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    monkeypatch.setattr(base_image, "OFFICIAL", "127.0.0.1:9/none:latest")
    said: list[str] = []
    assert base_image._from_registry(engine, said.append) is None
    assert said[0] == "asking a container registry for 127.0.0.1:9/none:latest"
    assert said[1].startswith("no registry answers (")


@pytest.mark.docker
def test_an_image_from_a_registry_becomes_a_base(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    """A local image stands for the one that was pulled; the recipe keeps it from being taken for a real base."""
    pulled = ensure_base(engine, quiet)
    engine.images.get(pulled.tag).tag("execfeedback/pulled", "x")
    monkeypatch.setattr(base_image, "OFFICIAL", "execfeedback/pulled:x")
    monkeypatch.setattr(base_image, "RECIPE", "of-a-test")
    monkeypatch.setattr(base_image, "_pull", lambda client: None)
    made = base_image._from_registry(engine, quiet)
    assert made is not None
    try:
        assert made.origin == "registry execfeedback/pulled:x"
        assert base_image.find_base(engine) == made
        assert run_in(engine, made.tag, "/usr/bin/python3", "-c", "print(6 * 7)") == "42"
    finally:
        engine.images.remove(made.tag)
        engine.images.remove("execfeedback/pulled:x")
    assert base_image.find_base(engine) is None


@pytest.mark.docker
def test_an_environment_that_nobody_made_says_how() -> None:
    with pytest.raises(SandboxMissing, match="images build nobody-made --from python --pip"):
        images.image_for("nobody-made")
    with pytest.raises(SandboxMissing, match="the engine has no image execfeedback/python:never"):
        images.image_for("execfeedback/python:never")


@pytest.mark.docker
def test_a_changed_supervisor_is_out_of_date_and_built_once_by_two_at_a_time(
    engine: Any, tag: str, sandboxes: Path
) -> None:
    (sandboxes / "supervisor" / "changed.py").write_text(f"NOW = {time.time()}\n")
    with pytest.raises(SandboxMissing, match="out of date; run: execfeedback images build python"):
        images.image_for("python")
    said: list[str] = []
    made: list[str] = []
    builders = [
        threading.Thread(target=lambda: made.append(images.ensure_image("python", said.append)))
        for _ in range(2)
    ]
    try:
        for builder in builders:
            builder.start()
        for builder in builders:
            builder.join()
        assert made == [made[0], made[0]]
        assert made[0] != tag
        assert len(said) == 1
        assert said[0].startswith(f"built and proved {made[0]} on ")
        assert run_in(engine, made[0], "ls", "/opt/execfeedback/supervisor/changed.py")
    finally:
        for name in set(made):
            engine.images.remove(name)


@pytest.mark.docker
@pytest.mark.slow
def test_an_environment_has_their_packages_beside_ours(engine: Any, tmp_path: Path) -> None:
    theirs = tmp_path / "requirements.txt"
    theirs.write_text("more-itertools\n")
    made = images.build_environment("tests-of-ours", "python", theirs, quiet)
    try:
        assert images.image_for("tests-of-ours") == made
        program = "import more_itertools, numpy; print(more_itertools.first([7]))"
        assert run_in(engine, made, "python3", "-c", program) == "7"
        assert "more-itertools==" in engine.images.get(made).labels["execfeedback.lock"]
        assert "tests-of-ours" in images.environments(engine)
        below = packages_tag_of(images.recipe_of(engine, "tests-of-ours"), ensure_base(engine, quiet))
    finally:
        engine.images.remove(made)
    engine.images.remove(below)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(made)


@pytest.mark.docker
@pytest.mark.slow
def test_requirements_that_cannot_be_met_are_refused_with_pips_words(tmp_path: Path) -> None:
    theirs = tmp_path / "requirements.txt"
    theirs.write_text("numpy==0.0.1\n")
    with pytest.raises(InputError, match=r"requirements\.txt: pip cannot resolve it(.|\n)*numpy==0\.0\.1"):
        images.build_environment("tests-of-ours", "python", theirs, quiet)
