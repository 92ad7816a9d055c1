"""Debian packages for the image of a language, as layers: a language may stand on another one's, and shares it."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from execfeedback.ids import digest
from execfeedback.languages import language
from execfeedback.sandbox.base_image import Base
from execfeedback.sandbox.building import build_layer, sandboxes_folder
from execfeedback.sandbox.engine import engine_errors
from execfeedback.types import Value

if TYPE_CHECKING:
    import docker

Say = Callable[[str], None]
RECIPE = "Dockerfile.debian"
INSTALL = "install.sh"
LABELS = {"execfeedback": "packages"}


class Layer(Value):
    """What is installed over the layer below."""

    name: str
    packages: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()


def layers_of(name: str) -> tuple[Layer, ...]:
    """Of a language, from the lowest: Debian with Python's byte code, the languages it stands on, its own."""
    spoken = language(name)
    below = layers_of(spoken.base) if spoken.base else (Layer(name="debian"),)
    return (*below, Layer(name=spoken.name, packages=spoken.packages, setup=spoken.setup))


def key_of(layers: tuple[Layer, ...], base: Base) -> list[object]:
    """Everything that decides what is in these layers."""
    own = [(sandboxes_folder() / file).read_text() for file in (RECIPE, INSTALL)]
    return [*own, [layer.model_dump() for layer in layers], base.id]


def tag_of(layers: tuple[Layer, ...], base: Base) -> str:
    return f"execfeedback/{layers[-1].name}-packages:{digest(key_of(layers, base))[:12]}"


def ensure_layers(
    client: "docker.DockerClient", layers: tuple[Layer, ...], base: Base, compiled: str, say: Say
) -> str:
    """The tag of the uppermost layer; those that are missing are built. Raises SandboxError with the engine's words."""
    tag = tag_of(layers, base)
    with engine_errors(f"looking for {tag}"):
        if client.api.images(name=tag, quiet=True):
            return tag
    if len(layers) == 1:
        build_layer(client, tag=tag, base=base.tag, tree={}, arguments={"COMPILE": compiled}, labels=LABELS)
        return tag
    below = ensure_layers(client, layers[:-1], base, compiled, say)
    own = layers[-1]
    say(f"installing {' '.join(own.packages) or 'no package'} for {own.name}")
    build_layer(
        client,
        tag=tag,
        base=below,
        tree={f"opt/execfeedback/{INSTALL}": sandboxes_folder() / INSTALL},
        arguments={"PACKAGES": " ".join(own.packages), "SETUP": "\n".join(own.setup) or ":", **proxies()},
        labels=LABELS,
        recipe=RECIPE,
        network="host",
    )
    return tag


def proxies() -> dict[str, str]:
    """By which this machine reaches the archive; Docker keeps these arguments out of the image."""
    return {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}


def version_in(client: "docker.DockerClient", tag: str, command: tuple[str, ...]) -> str:
    """What the language calls itself in that image: the first line that its command prints."""
    with engine_errors(f"asking {tag} for its version"):
        said = client.containers.run(
            tag,
            [
                "sh",
                "-c",
                '"$@" 2>&1 && echo',
                "sh",
                *command,
            ],  # the engine may lose a last line without its end
            entrypoint=[],
            network_mode="none",
            remove=True,
            labels={"execfeedback": "build"},
        )
    lines = bytes(said).decode("utf-8", "replace").strip().splitlines()
    return lines[0].strip()[:100] if lines else ""
