"""Images of ours that this version does not use: those of older supervisors, packages and bases."""

from typing import TYPE_CHECKING, Any

from execfeedback.errors import SandboxMissing
from execfeedback.sandbox import debian_packages
from execfeedback.sandbox.base_image import Base, find_base
from execfeedback.sandbox.engine import engine_errors
from execfeedback.sandbox.images import (
    ENVIRONMENT,
    Recipe,
    bundled,
    environments,
    packages_tag_of,
    recipe_of,
    tag_of,
)

if TYPE_CHECKING:
    import docker

KINDS = ("image", "packages", "base")
"""In the order in which they can be removed: each stands on the next."""


def superseded(client: "docker.DockerClient") -> list[str]:
    """Their tags, in the order in which they can be removed. Raises SandboxMissing where no base says what is current."""
    base = find_base(client)
    if base is None:
        raise SandboxMissing("no image here is current; run: execfeedback images build python")
    kept = used(client, base)
    with engine_errors("listing images"):
        images = client.api.images(filters={"label": "execfeedback"})
    found = [
        (KINDS.index(kind), tag)
        for image in images
        if (kind := image["Labels"]["execfeedback"]) in KINDS and not _is(image, base)
        for tag in image["RepoTags"] or ()
        if tag.startswith("execfeedback/") and tag not in kept
    ]
    return [tag for _, tag in sorted(found)]


def used(client: "docker.DockerClient", base: Base) -> set[str]:
    """Tags of current images and of what they stand on, and of the newest of each environment that somebody made: it holds
    the only copy of its requirements."""
    own = environments(client)
    recipes = [recipe_of(client, name) for name in (*bundled(), *own)]
    newest = {tag for name in own for tag in newest_of(client, name)}
    return newest | {tag for recipe in recipes for tag in tags_of(recipe, base)}


def tags_of(recipe: Recipe, base: Base) -> set[str]:
    """Of the image and of all that it stands on but the base."""
    layers = (recipe.layers[:count] for count in range(1, len(recipe.layers) + 1))
    below = {debian_packages.tag_of(part, base) for part in layers}
    return {tag_of(recipe, base), packages_tag_of(recipe, base), *below}


def newest_of(client: "docker.DockerClient", name: str) -> list[str]:
    with engine_errors(f"looking for images of {name}"):
        images = client.api.images(filters={"label": ["execfeedback=image", f"{ENVIRONMENT}={name}"]})
    return max(images, key=lambda image: image["Created"])["RepoTags"] or [] if images else []


def remove(client: "docker.DockerClient", tag: str) -> str | None:
    """Why it stays; None when it is gone."""
    import docker

    with engine_errors(f"removing {tag}"):
        try:
            client.api.remove_image(tag)
        except docker.errors.ImageNotFound:
            return None
        except docker.errors.APIError as error:
            if error.status_code != 409:
                raise
            return str(error.explanation)
    return None


def _is(image: dict[str, Any], base: Base) -> bool:
    labels: dict[str, str] = image["Labels"]
    return labels["execfeedback"] == "base" and labels["execfeedback.base.id"] == base.id
