"""What is here and what is missing, each with its remedy. Nothing is changed by looking."""

import os
import platform
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from execfeedback.config import SandboxOptions, load_config
from execfeedback.errors import SandboxError
from execfeedback.sandbox.engine import EngineFacts, client, facts
from execfeedback.sandbox.images import bundled, environments, image_for, present_images
from execfeedback.sandbox.leftovers import leftovers
from execfeedback.sandbox.local_plan import LocalPlan, asked, probed
from execfeedback.types import Value

if TYPE_CHECKING:
    import docker

OLDEST_PYTHON = (3, 11)
OLDEST_ENGINE = (20, 10)
ENGINE = "engine"
LOCAL = "sandbox local"
DISK_MB = 128
NAMESPACES = (
    "with CAP_SYS_ADMIN, or as root outside a container, a slot gets a root, a /proc and a network of its own"
)
LANDLOCK = "boot a kernel (5.13 or newer) with Landlock: lsm=...,landlock"
CGROUP = "let it make control groups (a writable /sys/fs/cgroup) for limits that the kernel keeps"
PACKAGES = "install numpy, and for static checks ruff and mypy, for that interpreter"
MODEL_KEYS = (
    "ANTHROPIC_API_KEY",
    "AZURE_API_KEY",
    "COHERE_API_KEY",
    "DEEPSEEK_API_KEY",
    "FIREWORKS_API_KEY",
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "HF_TOKEN",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "TOGETHERAI_API_KEY",
)
"""Names that providers' clients read; only whether they are set is looked at."""


class Check(Value):
    name: str
    ok: bool
    found: str
    remedy: str = ""
    """Empty when there is nothing to do."""
    needed: bool = True
    """Whether the sandbox is unusable without it."""


def diagnose() -> list[Check]:
    """All checks, in the order in which a person would go through them. Of the backends, the one that the configuration
    names is needed."""
    options = load_config().sandbox
    local = options.backend == "local"
    engine = [check.model_copy(update={"needed": check.needed and not local}) for check in _sandbox_checks()]
    return [
        python_check(sys.version_info[:2]),
        *engine,
        *_local_checks(options, needed=local),
        keys_check(os.environ),
    ]


def usable(checks: list[Check]) -> bool:
    """Nothing that is needed is missing."""
    return all(check.ok for check in checks if check.needed)


def python_check(version: tuple[int, ...]) -> Check:
    """`version`: of the interpreter that runs us."""
    return Check(
        name="python",
        ok=version >= OLDEST_PYTHON,
        found=platform.python_version(),
        remedy="" if version >= OLDEST_PYTHON else "use Python 3.11 or newer",
    )


def keys_check(environment: Mapping[str, str]) -> Check:
    """Names of model keys that are set; never their values."""
    found = [name for name in MODEL_KEYS if environment.get(name)]
    return Check(
        name="model keys",
        ok=bool(found),
        found=", ".join(found) or "none",
        remedy=""
        if found
        else "none is needed for --generator mutate or replay; for a model, export its key",
        needed=False,
    )


def _sandbox_checks() -> list[Check]:
    try:
        opened = client()
    except SandboxError as error:
        return [Check(name=ENGINE, ok=False, found="no engine", remedy=str(error))]
    with closing(opened):
        known = facts(opened)
        images = [image_check(name) for name in ["python", *environments(opened)]]
        return [*engine_checks(known), *images, languages_check(), _leftovers_check(opened)]


def engine_checks(known: EngineFacts) -> list[Check]:
    """What the engine's own words say about the wall that it can build."""
    return [_version_check(known), _cgroup_check(known), _seccomp_check(known), _kernel_check(known)]


def _version_check(known: EngineFacts) -> Check:
    numbers = tuple(int(part) for part in known.version.split("+")[0].split(".")[:2] if part.isdigit())
    ok = numbers >= OLDEST_ENGINE
    return Check(
        name=ENGINE,
        ok=ok,
        found=f"{known.version}, storage {known.storage_driver}, runtimes {' '.join(known.runtimes)}",
        remedy="" if ok else "install Docker Engine 20.10 or newer",
    )


def _cgroup_check(known: EngineFacts) -> Check:
    ok = known.memory_limit and known.pids_limit
    return Check(
        name="cgroups",
        ok=ok,
        found=f"version {known.cgroup_version}; limits: {known.limits()}",
        remedy=""
        if ok
        else "give the engine the memory and pids controllers (cgroup version 2 delegates both)",
    )


def _seccomp_check(known: EngineFacts) -> Check:
    ok = "seccomp" in known.security
    return Check(
        name="seccomp",
        ok=ok,
        found=", ".join(known.security) or "off",
        remedy="" if ok else "use an engine with its default seccomp profile (no seccomp=unconfined)",
    )


def _kernel_check(known: EngineFacts) -> Check:
    stronger = [name for name in known.runtimes if name in ("runsc", "kata", "kata-runtime", "sysbox-runc")]
    return Check(
        name="isolation",
        ok=True,
        found=f"kernel {known.kernel}, {known.cpus} cores, {known.memory_mb} MB; "
        + (f"also {', '.join(stronger)}" if stronger else "slots share this kernel"),
        needed=False,
    )


def image_check(environment: str) -> Check:
    """Whether the environment's image is present and current."""
    name, needed = f"image {environment}", environment == "python"
    try:
        return Check(name=name, ok=True, found=image_for(environment), needed=needed)
    except SandboxError as error:
        found, _, remedy = str(error).partition("; ")
        return Check(name=name, ok=False, found=found, remedy=remedy, needed=needed)


def languages_check() -> Check:
    """The other languages: a note, since each is needed only by those who use it."""
    others = [name for name in bundled() if name != "python"]
    have = present_images()
    found = [name for name in others if name in have]
    return Check(
        name="other languages",
        ok=len(found) == len(others),
        found=f"{len(found)} of {len(others)}: {' '.join(found) or 'none'}",
        remedy=""
        if len(found) == len(others)
        else "run: execfeedback images build main   (the ten first ones), all, or by name",
        needed=False,
    )


def _local_checks(options: SandboxOptions, *, needed: bool) -> list[Check]:
    try:
        plan = probed(options.python, asked(options.memory_mb, DISK_MB, options.uids, options.readable))
    except SandboxError as error:
        return [Check(name=LOCAL, ok=False, found="cannot be tried", remedy=str(error), needed=needed)]
    return local_checks(plan, needed=needed)


def local_checks(plan: LocalPlan, *, needed: bool = False) -> list[Check]:
    """What this machine grants the backend `local`, and whether it would start."""
    lacks = ", ".join(what for what, _ in plan.problems)
    start = Check(
        name=LOCAL,
        ok=not plan.problems,
        found=f"does not start: {lacks}" if lacks else f"starts, with {plan.python} ({plan.version})",
        remedy="; ".join(dict.fromkeys(remedy for _, remedy in plan.problems)),
        needed=needed,
    )
    return [start, *([] if plan.problems else _granted(plan))]


def _granted(plan: LocalPlan) -> list[Check]:
    """Each right of the kernel that a slot takes, or does without."""
    spaces = set(plan.namespaces)
    found = [
        ("namespaces", len(spaces) == 6, " ".join(plan.namespaces) or "none", NAMESPACES),
        ("files", plan.walled, plan.files(), ""),
        ("Landlock", plan.landlock > 0, f"version {plan.landlock}" if plan.landlock else "none", LANDLOCK),
        ("network", True, plan.network(), ""),
        ("memory", plan.cgroup, plan.memory(), CGROUP),
        ("packages", len(plan.found) == 5, " ".join(plan.found), PACKAGES),
    ]
    return [
        Check(name=f"{LOCAL}: {name}", ok=ok, found=said, remedy="" if ok else remedy, needed=False)
        for name, ok, said, remedy in found
    ]


def _leftovers_check(opened: "docker.DockerClient") -> Check:
    found = leftovers(opened)
    return Check(
        name="left-over containers",
        ok=not found,
        found=", ".join(found) or "none",
        remedy="run: execfeedback sandbox cleanup" if found else "",
        needed=False,
    )
