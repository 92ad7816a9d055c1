"""The shape of the tree, read from its syntax trees: who may import whom, and what must not be written at all."""

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOST, INSIDE = ROOT / "execfeedback", ROOT / "sandboxes"

VALUES = {"types", "errors", "ids", "roles"}
SEAMS = {"protocols"}
ADAPTERS = {"generators", "sandbox", "gates", "exporters", "corpus", "importers"}
LOOP = {"loop", "admission"}
GROW = {"growing", "waiting"}
ENTRY = {
    "audit",
    "__main__",
    "reverify_command",
    "cli",
    "library",
    "report",
    "rewards",
    "viewer",
    "doctor",
    "setup_machine",
    "verify_command",
    "verifying",
    "checks",
    "service",
    "",
}
"""Entry points put adapters together. Every module that is in no set is core."""

SEEN: dict[str, set[str]] = {
    "values": {"values"},
    "seams": {"values", "seams"},
    "core": {"values", "seams", "core"},
    "adapters": {"values", "seams", "core"},
    "loop": {"values", "seams", "core", "loop"},
    "grow": {"values", "seams", "core", "loop", "grow"},
    "entry": {"values", "seams", "core", "adapters", "loop", "grow", "entry"},
}
"""Layer -> the layers that it may import from. An adapter sees itself and no other adapter."""
ALLOWED = {("growing", "corpus"), ("waiting", "corpus")}
"""The one file that growing writes; there is no second kind of corpus that it could be given."""

SENT = ("mutation", "behaviour", "ledger", "generators.mutate.repair", "generators.mutate.oracle")
"""Packages that are sent into the sandbox as text. There they may run foreign code; on the host nothing may."""

HEAVY = {
    "litellm": ("generators.litellm",),
    "docker": ("sandbox",),
    "ray": ("scale.ray", "rewards.nemo_rl"),
    "torch": ("rewards.nemo_rl",),
    "pyarrow": ("exporters",),
}
"""Library -> the only modules or packages of ours that may import it, inside a function."""

BUILTINS = {"eval", "exec"}
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"}
CALLS = {
    "os.system",
    "os.popen",
    "asyncio.create_subprocess_shell",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
}


PACKAGE = {"execfeedback", "execfeedback.__version__"}
"""The package itself, for its folder and version, is no layer."""


def name_of(path: Path, root: Path = HOST) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {name_of(path): ast.parse(path.read_text("utf-8")) for path in sorted(HOST.rglob("*.py"))}


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, f"line {node.lineno}: imports are absolute"
    return [f"{node.module}.{alias.name}" for alias in node.names]


def for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes(tree: ast.AST, inside_functions: bool = True) -> Iterator[ast.AST]:
    """Every node that runs: not what is imported for type checkers alone."""
    for child in ast.iter_child_nodes(tree):
        if for_types_only(child):
            continue
        yield child
        if inside_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from nodes(child, inside_functions)


@functools.cache
def ours(tree: ast.AST, inside_functions: bool = True) -> frozenset[str]:
    """Modules of this package that a tree imports, without `execfeedback.`."""
    names = {name for node in nodes(tree, inside_functions) for name in imported(node)}
    return frozenset(resolved(name) for name in names - PACKAGE if top(name) == "execfeedback")


def resolved(name: str) -> str:
    """`execfeedback.types.Job` -> `types`: the longest prefix that is a module."""
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in TREES:
        parts.pop()
    return ".".join(parts)


def top(module: str) -> str:
    return module.split(".")[0]


def layer(module: str) -> str:
    named = {
        "values": VALUES,
        "seams": SEAMS,
        "adapters": ADAPTERS,
        "loop": LOOP,
        "grow": GROW,
        "entry": ENTRY,
    }
    return next((layer for layer, names in named.items() if top(module) in names), "core")


def may_import(one: str, other: str) -> bool:
    same_adapter = top(one) == top(other)
    return same_adapter or layer(other) in SEEN[layer(one)] or (top(one), top(other)) in ALLOWED


@pytest.mark.parametrize("module", TREES)
def test_imports_run_one_way(module: str) -> None:
    wrong = [other for other in sorted(ours(TREES[module])) if not may_import(module, other)]
    assert not wrong, f"{module or '__init__'} ({layer(module)}) must not import {wrong}"


def test_the_rule_can_fail() -> None:
    assert not may_import("types", "protocols")
    assert not may_import("plan", "loop")
    assert not may_import("gates.static", "admission")
    assert not may_import("gates.static", "sandbox.docker")
    assert not may_import("loop", "generators.replay")
    assert not may_import("admission", "cli.verify")
    assert may_import("gates.static", "gates")
    assert may_import("cli.grow", "generators.replay")


def test_there_is_no_import_cycle() -> None:
    graph = {module: ours(tree, inside_functions=False) - {module} for module, tree in TREES.items()}
    while graph:
        ends = {module for module, others in graph.items() if not others & graph.keys()}
        assert ends, f"these modules import each other in a circle: {sorted(graph)}"
        graph = {module: others for module, others in graph.items() if module not in ends}


def constructs(tree: ast.AST, name: str) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(name in (getattr(call, "id", None), getattr(call, "attr", None)) for call in calls)


def test_only_admission_makes_a_record() -> None:
    makers = [module for module, tree in TREES.items() if constructs(tree, "Record")]
    assert makers == ["admission"]


def forbidden(tree: ast.AST) -> set[str]:
    """What a tree does that could run data as code."""
    found: set[str] = set()
    for node in ast.walk(tree):
        found |= {name for name in imported(node) if top(name) in MODULES}
        if isinstance(node, ast.Call):
            found |= {ast.unparse(node.func)} & (BUILTINS | CALLS)
            shell = (word for word in node.keywords if word.arg == "shell")
            found |= {"shell=" for word in shell if getattr(word.value, "value", True) is not False}
    return found


def sent(module: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in SENT)


@pytest.mark.parametrize("module", [module for module in TREES if not sent(module)])
def test_the_host_runs_no_data_as_code(module: str) -> None:
    assert forbidden(TREES[module]) == set()


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "exec('x = 1')",
        "import pickle",
        "from marshal import loads",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=flag)",
        "asyncio.create_subprocess_shell('ls')",
    ],
)
def test_what_is_forbidden_is_found(code: str) -> None:
    assert len(forbidden(ast.parse(code))) == 1


def test_what_runs_code_in_the_sandbox_is_never_imported_on_the_host() -> None:
    """Directly or through others: `exec` of a sent program must be out of reach of every host module."""
    reaching = {module for module, tree in TREES.items() if sent(module) and forbidden(tree)}
    grown = True
    while grown:
        more = {module for module, tree in TREES.items() if ours(tree) & reaching} - reaching
        assert not {module for module in more if not sent(module)}, (
            f"reaches {sorted(reaching)}: {sorted(more)}"
        )
        reaching, grown = reaching | more, bool(more)


@pytest.mark.parametrize("module", [module for module in TREES if sent(module)])
def test_a_sent_program_needs_nothing_of_the_host(module: str) -> None:
    assert all(sent(other) for other in ours(TREES[module])), "only what is sent with it is there"


@pytest.mark.parametrize(("library", "homes"), HEAVY.items())
def test_heavy_libraries_load_late_and_in_their_place(library: str, homes: tuple[str, ...]) -> None:
    for module, tree in TREES.items():
        used = any(top(name) == library for node in nodes(tree) for name in imported(node))
        early = any(top(name) == library for node in nodes(tree, False) for name in imported(node))
        assert not early, f"{module} imports {library} when it is imported itself"
        home = any(module == one or module.startswith(f"{one}.") for one in homes)
        assert not used or home, f"{module} imports {library}"


SERVING = {"fastapi", "starlette", "uvicorn", "uvloop", "httptools", "prometheus_client"}


def test_what_serves_is_loaded_by_the_command_alone() -> None:
    for module, tree in TREES.items():
        if top(module) == "service":
            continue
        assert not {top(name) for node in nodes(tree) for name in imported(node)} & SERVING, module
        assert not {name for name in ours(tree, inside_functions=False) if top(name) == "service"}, module


def test_the_host_never_imports_what_goes_into_the_images() -> None:
    inside = {path.stem for path in INSIDE.rglob("*.py")} - sys.stdlib_module_names - {"__main__", "__init__"}
    assert inside
    for module, tree in TREES.items():
        names = {top(name) for node in nodes(tree) for name in imported(node)}
        assert not names & ({"sandboxes"} | inside), module


LATE_INSIDE = {
    "judge_pytest.py": {"pytest"},
    "values.py": {"numpy"},
    "tables.py": {"numpy", "pandas"},
}
"""What a child process of the supervisor uses beyond the standard library, because the tests it runs do."""


@pytest.mark.parametrize(
    "path", sorted(INSIDE.rglob("*.py")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_supervisor_and_what_starts_it_need_the_standard_library_only(path: Path) -> None:
    siblings = {
        other.stem for folder in (path.parent, INSIDE / "supervisor") for other in folder.glob("*.py")
    }
    names = {top(name) for node in ast.walk(ast.parse(path.read_text("utf-8"))) for name in imported(node)}
    foreign = names - sys.stdlib_module_names - siblings
    assert foreign <= LATE_INSIDE.get(path.name, set())
