"""The image below every language image: from a container registry when one answers, else made by debootstrap.

Which of the two it was is said, and kept in the label `execfeedback.base`.
"""

import io
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execfeedback.errors import SandboxError
from execfeedback.ids import digest
from execfeedback.sandbox.bootstrap import INCLUDE, NOT_NEEDED, SUITE, root_file_system
from execfeedback.sandbox.engine import engine_errors
from execfeedback.types import Value

if TYPE_CHECKING:
    import docker

Say = Callable[[str], None]

REPOSITORY = "execfeedback/base"
OFFICIAL = "python:3.13-slim-trixie"
REGISTRY_SILENCE_S = 15
"""A registry that says nothing for so long is taken for absent."""
RECIPE = digest([SUITE, INCLUDE, NOT_NEEDED, OFFICIAL])[:12]
"""Changes when the ways to make a base change, so that an older base is not taken for a current one."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Base(Value):
    tag: str
    id: str
    """Names the content: equal on machines that got the same image, or the same Debian packages."""
    origin: str
    """`registry NAME` or `debootstrap SUITE`."""


def find_base(client: "docker.DockerClient") -> Base | None:
    """The base image of the present recipe that the engine holds; the newest, before one was chosen for good."""
    return _chosen(client) or _newest(client)


def _chosen(client: "docker.DockerClient") -> Base | None:
    """Asked for by name: listing takes an engine with a hundred images a quarter of a second, at every command."""
    import docker

    with engine_errors("looking for the base image"):
        try:
            image = client.images.get(_choice())
        except docker.errors.ImageNotFound:
            return None
    return _base(image.labels, image.tags)


def _choice() -> str:
    """The second tag of the base that all images of the present recipe stand on."""
    return f"{REPOSITORY}:recipe-{RECIPE}"


def _newest(client: "docker.DockerClient") -> Base | None:
    with engine_errors("looking for the base image"):
        found = client.api.images(filters={"label": ["execfeedback=base", f"execfeedback.recipe={RECIPE}"]})
    found = sorted(found, key=lambda image: image["Created"], reverse=True)
    bases = [_base(image["Labels"], image.get("RepoTags") or ()) for image in found]
    return next((base for base in bases if base.tag), None)


def _base(labels: Mapping[str, str], tags: Iterable[str]) -> Base:
    """Its tag is empty when somebody took the tag away."""
    ours = sorted(tag for tag in tags if tag.startswith(f"{REPOSITORY}:"))
    return Base(
        tag=ours[0] if ours else "", id=labels["execfeedback.base.id"], origin=labels["execfeedback.base"]
    )


def ensure_base(client: "docker.DockerClient", say: Say) -> Base:
    """The base image, made when the engine has none. Raises SandboxMissing with the remedy."""
    if found := _chosen(client):
        return found
    base = _newest(client) or _from_registry(client, say) or _from_debootstrap(client, say)
    with engine_errors(f"naming {base.tag}"):
        client.api.tag(base.tag, _choice())
    say(f"base image: {base.origin}, {base.tag}")
    return base


def _labels(origin: str, identity: str) -> dict[str, str]:
    return {
        "execfeedback": "base",
        "execfeedback.base": origin,
        "execfeedback.base.id": identity,
        "execfeedback.recipe": RECIPE,
    }


def _from_registry(client: "docker.DockerClient", say: Say) -> Base | None:
    say(f"asking a container registry for {OFFICIAL}")
    if (why_not := _pull(client)) is not None:
        say(f"no registry answers ({why_not})")
        return None
    with engine_errors(f"reading {OFFICIAL}"):
        image = client.images.get(OFFICIAL)
    identity = digest(sorted(image.attrs.get("RepoDigests") or [image.id]))
    base = Base(tag=f"{REPOSITORY}:{identity[:12]}", id=identity, origin=f"registry {OFFICIAL}")
    recipe = (
        f"FROM {OFFICIAL}\nRUN [ -e /usr/bin/python3 ] || ln -s /usr/local/bin/python3 /usr/bin/python3\n"
    )
    with engine_errors("labelling the base image"):
        client.images.build(
            fileobj=io.BytesIO(recipe.encode()),
            tag=base.tag,
            labels=_labels(base.origin, identity),
            network_mode="none",
            rm=True,
        )
    return base


def _pull(client: "docker.DockerClient") -> str | None:
    """None when the image came; else why not. Silence is an answer too, so it has a thread of its own."""
    events: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_pull_into, args=(events, client), daemon=True).start()
    while True:
        try:
            event = events.get(timeout=REGISTRY_SILENCE_S)
        except queue.Empty:
            return f"nothing was heard for {REGISTRY_SILENCE_S} s"
        if event is None:
            return None
        if "error" in event:
            return str(event["error"])[:200]


def _pull_into(events: "queue.Queue[dict[str, Any] | None]", client: "docker.DockerClient") -> None:
    """The engine's progress, then None; a failure is an event like the engine's own."""
    import docker
    import requests

    name, _, tag = OFFICIAL.rpartition(":")
    try:
        for event in client.api.pull(name, tag, stream=True, decode=True):
            events.put(event)
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        events.put({"error": getattr(error, "explanation", None) or str(error)})
    events.put(None)


def _from_debootstrap(client: "docker.DockerClient", say: Say) -> Base:
    with root_file_system(say) as (packed, packages):
        identity = digest([SUITE, packages])
        base = Base(tag=f"{REPOSITORY}:{identity[:12]}", id=identity, origin=f"debootstrap {SUITE}")
        _import(client, packed, base)
    return base


def _import(client: "docker.DockerClient", packed: Path, base: Base) -> None:
    labels = [f'LABEL "{name}"="{value}"' for name, value in _labels(base.origin, base.id).items()]
    repository, tag = base.tag.split(":")
    with engine_errors("importing the base image"):
        client.api.import_image_from_file(
            str(packed), repository=repository, tag=tag, changes=[f"ENV PATH={PATH}", *labels]
        )
    if find_base(client) is None:
        raise SandboxError(f"the engine took {base.tag} without its labels")
