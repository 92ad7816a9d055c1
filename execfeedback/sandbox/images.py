"""Language images, named after what is in them: a tag is the digest of recipe, packages, supervisor and base.

So asking whether an image is current is asking whether its tag exists. `sandboxes/Dockerfile` is built twice,
packages first, so that a change of the supervisor costs a second. People's own environments are recipes too:
their lock is a label of their image, and they follow the supervisor like the bundled ones.
"""

import re
import tempfile
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execfeedback.errors import InputError, SandboxMissing
from execfeedback.ids import digest
from execfeedback.languages import language, languages
from execfeedback.sandbox import debian_packages, packages, proving
from execfeedback.sandbox.base_image import Base, ensure_base, find_base
from execfeedback.sandbox.building import build, one_builder, sandboxes_folder, tree_digest
from execfeedback.sandbox.debian_packages import Layer
from execfeedback.sandbox.engine import client as open_client
from execfeedback.sandbox.engine import engine_errors
from execfeedback.types import Value

if TYPE_CHECKING:
    import docker

Say = Callable[[str], None]

SUPERVISOR = "opt/execfeedback/supervisor"
STANDARD_LIBRARY = f"/usr/lib/python{packages.PYTHON} /usr/local/lib/python{packages.PYTHON}"
ENVIRONMENT = "execfeedback.environment"
VERSION = "execfeedback.language_version"
LANGUAGE = "execfeedback.language"
READY = {"python-data": "python"}
"""Environments with more packages than a language's own, and their languages; each has its lock in `sandboxes/`."""


class Recipe(Value):
    """What an image is made of, but for base and supervisor."""

    name: str
    """The environment: a language, or the name that somebody gave."""
    language: str
    lock: str = ""
    layers: tuple[Layer, ...] = ()
    """Of Debian packages; none: an image of Python with the packages of the lock."""
    setup: tuple[str, ...] = ()
    """Shell lines with the packages of the lock in place."""


def bundled() -> list[str]:
    """Languages whose image this version can build."""
    return sorted(languages())


def bundled_recipe(name: str) -> Recipe:
    """Of a language or a ready environment. Raises InputError for a language that there is no image of."""
    if name in READY:
        return Recipe(name=name, language=READY[name], lock=_lock(name).read_text())
    spoken = language(name)
    if (lock := _lock(spoken.name)).is_file():
        return Recipe(name=spoken.name, language=spoken.name, lock=lock.read_text(), setup=spoken.setup)
    return Recipe(name=spoken.name, language=spoken.name, layers=debian_packages.layers_of(spoken.name))


def _lock(name: str) -> Path:
    return sandboxes_folder() / name / "requirements.txt"


def recipe_below(name: str) -> Recipe:
    """What people's own environments are built upon. Raises InputError where it is not Python's."""
    recipe = bundled_recipe(name)
    if recipe.layers:
        upon = " or ".join(["python", *READY])
        raise InputError(f"an environment with Python packages is built upon {upon}, not upon {name}")
    return recipe


def tag_of(recipe: Recipe, base: Base) -> str:
    """`execfeedback/NAME:` and the first 12 digits of the digest over everything that decides the content."""
    supervisor = tree_digest(sandboxes_folder() / "supervisor")
    return f"execfeedback/{recipe.name}:{digest([_packages_key(recipe, base), supervisor])[:12]}"


def packages_tag_of(recipe: Recipe, base: Base) -> str:
    """The layer below, which does not change with the supervisor; recipes with equal locks and setup share it."""
    if recipe.layers:
        return debian_packages.tag_of(recipe.layers, base)
    return f"execfeedback/{recipe.language}-packages:{digest(_packages_key(recipe, base))[:12]}"


def _packages_key(recipe: Recipe, base: Base) -> list[Any]:
    if recipe.layers:
        return [(sandboxes_folder() / "Dockerfile").read_text(), *debian_packages.key_of(recipe.layers, base)]
    return [(sandboxes_folder() / "Dockerfile").read_text(), recipe.lock, recipe.setup, base.id]


def image_for(environment: str) -> str:
    """The tag of the current image of an environment, or of the very tag that was given.

    Raises SandboxMissing, with the command that makes it, when the image is not there or out of date.
    """
    with closing(open_client()) as client:
        if ":" in environment:
            return _present(client, environment)
        recipe, base = recipe_of(client, environment), find_base(client)
        if base and _exists(client, tag := tag_of(recipe, base)):
            return tag
        state = "out of date" if _images_of(client, environment) else "not there"
        why = proving.noted(tag_of(recipe, base)) if base else ""
    if why:
        raise SandboxMissing(f"{environment} is not offered, its own proof failed when it was built: {why}")
    raise SandboxMissing(
        f"the sandbox image for {environment} is {state}; run: execfeedback images build {environment}"
    )


def _present(client: "docker.DockerClient", tag: str) -> str:
    if not _exists(client, tag):
        raise SandboxMissing(
            f"the engine has no image {tag}; bring it here with `docker save` and `docker load`"
        )
    return tag


def language_version(tag: str) -> str:
    """What the language of a present image calls itself: `Python 3.13.5`."""
    with closing(open_client()) as client, engine_errors(f"reading {tag}"):
        return str(client.images.get(tag).labels.get(VERSION, ""))


def present_images() -> dict[str, tuple[str, str]]:
    """Tag and version of every language whose current image is there: two questions to the engine for all together."""
    with closing(open_client()) as client:
        base = find_base(client)
        with engine_errors("listing images"):
            images = client.api.images(filters={"label": "execfeedback=image"})
    versions = {
        tag: str(image["Labels"].get(VERSION, "")) for image in images for tag in image["RepoTags"] or ()
    }
    tags = {name: tag_of(bundled_recipe(name), base) for name in bundled()} if base else {}
    return {name: (tag, versions[tag]) for name, tag in tags.items() if tag in versions}


def recipe_of(client: "docker.DockerClient", environment: str) -> Recipe:
    """The bundled recipe, or the one in the labels of the newest image. Raises SandboxMissing."""
    if environment in {*bundled(), *READY}:
        return bundled_recipe(environment)
    images = _images_of(client, environment)
    if not images:
        raise SandboxMissing(
            f"there is no environment {environment!r}; make it with:"
            f" execfeedback images build {environment} --from python --pip requirements.txt"
        )
    labels = max(images, key=lambda image: image["Created"])["Labels"]
    return Recipe(name=environment, language=labels[LANGUAGE], lock=labels["execfeedback.lock"])


def ensure_image(environment: str, say: Say = print) -> str:
    """The tag of the environment's image, built when it is not there or out of date."""
    with closing(open_client()) as client:
        return _ensure(client, recipe_of(client, environment), say)


def build_environment(name: str, upon: str, requirements: Path, say: Say = print) -> str:
    """An image of a language or of a ready environment with people's own packages beside ours. Returns its tag.

    Raises InputError for a name or requirements that cannot be used.
    """
    if not re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", name) or name in {*bundled(), *READY, "base"}:
        raise InputError(
            f"{name!r} cannot name an environment: small letters and digits, and not a bundled name"
        )
    if not requirements.is_file():
        raise InputError(f"{requirements}: there is no such file")
    below = recipe_below(upon)
    with closing(open_client()) as client, tempfile.TemporaryDirectory(prefix="execfeedback-pip-") as work:
        lock = packages.resolve(requirements, below.lock, architecture(client), Path(work), say)
        return _ensure(client, Recipe(name=name, language=below.language, lock=lock), say)


def environments(client: "docker.DockerClient") -> list[str]:
    """The ready ones, and names that people gave to environments of their own."""
    with engine_errors("listing images"):
        images = client.api.images(filters={"label": "execfeedback=image"})
    named = {image["Labels"].get(ENVIRONMENT, "") for image in images}
    return sorted({*named, *READY} - {"", *bundled()})


def architecture(client: "docker.DockerClient") -> str:
    """Of the engine, as it names it."""
    with engine_errors("asking the Docker engine for its version"):
        return str(client.version()["Arch"])


def _ensure(client: "docker.DockerClient", recipe: Recipe, say: Say) -> str:
    if find_base(client) and _exists(client, tag := tag_of(recipe, ensure_base(client, say))):
        return tag
    with one_builder():
        base = ensure_base(client, say)
        if not _exists(client, tag := tag_of(recipe, base)):
            _ensure_packages(client, recipe, base, say)
            _build_image(client, recipe, base, f"{tag}-unproven")
            _prove(client, recipe, tag)
            say(f"built and proved {tag} on {base.origin}")
    return tag


def _prove(client: "docker.DockerClient", recipe: Recipe, tag: str) -> None:
    """Give a new image its name, if the language's proof holds in it. Raises SandboxMissing with what does not."""
    candidate = f"{tag}-unproven"
    wrong = proving.ends_in_image(language(recipe.language), candidate)
    with engine_errors(f"naming {tag}"):
        if not wrong:
            client.api.tag(candidate, tag)
        client.api.remove_image(candidate)
    proving.note(tag, "; ".join(wrong))
    if wrong:
        raise SandboxMissing(f"{recipe.name} is not offered, its own proof fails here: {'; '.join(wrong)}")


def _ensure_packages(client: "docker.DockerClient", recipe: Recipe, base: Base, say: Say) -> None:
    tag = packages_tag_of(recipe, base)
    if _exists(client, tag):
        return
    if recipe.layers:
        debian_packages.ensure_layers(client, recipe.layers, base, STANDARD_LIBRARY, say)
        return
    with tempfile.TemporaryDirectory(prefix="execfeedback-packages-") as work:
        tree = packages.unpack(recipe.lock, architecture(client), Path(work), say)
        build(
            client,
            tag=tag,
            base=base.tag,
            tree={"": tree},
            compiled=f"{STANDARD_LIBRARY} /{packages.SITE}",
            setup=recipe.setup,
            labels={"execfeedback": "packages", VERSION: _version_in(client, base)},
        )


def _version_in(client: "docker.DockerClient", base: Base) -> str:
    """Of the language, as its own program says it; a label that the images above inherit."""
    with engine_errors(f"asking {base.tag} for its Python"):
        said = client.containers.run(
            base.tag, ["python3", "-V"], network_mode="none", remove=True, labels={"execfeedback": "build"}
        )
    return bytes(said).decode().strip()


def _build_image(client: "docker.DockerClient", recipe: Recipe, base: Base, tag: str) -> None:
    below, spoken = packages_tag_of(recipe, base), language(recipe.language)
    versions = {VERSION: debian_packages.version_in(client, below, spoken.version)} if recipe.layers else {}
    build(
        client,
        tag=tag,
        base=below,
        tree={SUPERVISOR: sandboxes_folder() / "supervisor"},
        compiled=f"/{SUPERVISOR}",
        labels={
            "execfeedback": "image",
            ENVIRONMENT: recipe.name,
            LANGUAGE: recipe.language,
            "execfeedback.lock": recipe.lock,
            "execfeedback.base": base.origin,
            "execfeedback.base.id": base.id,
            "execfeedback.version": version("execfeedback"),
            **versions,
        },
    )


def _exists(client: "docker.DockerClient", tag: str) -> bool:
    """Asked for by name: listing takes an engine with a hundred images a quarter of a second."""
    import docker

    with engine_errors(f"looking for {tag}"):
        try:
            client.images.get(tag)
        except docker.errors.ImageNotFound:
            return False
    return True


def _images_of(client: "docker.DockerClient", environment: str) -> list[dict[str, Any]]:
    with engine_errors(f"looking for images of {environment}"):
        found = client.api.images(filters={"label": ["execfeedback=image", f"{ENVIRONMENT}={environment}"]})
    return list(found)
