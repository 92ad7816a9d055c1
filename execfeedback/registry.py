"""Extensions by name, without a table: a module of that name in the folder, an entry point, or `a.b:c`.

A module offers `create(**options)`; an entry point or attribute is such a factory itself. The groups of entry
points are `execfeedback.generators`, `execfeedback.gates` and `execfeedback.exporters`.
"""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from execfeedback.errors import InputError
from execfeedback.protocols import Exporter, Gate, Generator, RowsExporter

Factory = Callable[..., Any]


def generator_named(name: str, **options: Any) -> Generator:
    """A generator made with the options. Raises InputError for a name or an option that does not exist."""
    generator: Generator = _made("generators", name, options)
    return generator


def gates_named(names: Sequence[str | Mapping[str, Any]]) -> tuple[Gate, ...]:
    """Gates in the order given: names, or `{"name": ..., option: value}`."""
    return tuple(_gate(name) for name in names)


def exporter_named(name: str, **options: Any) -> Exporter | RowsExporter:
    """An exporter made with the options."""
    exporter: Exporter | RowsExporter = _made("exporters", name, options)
    return exporter


def _gate(name: str | Mapping[str, Any]) -> Gate:
    options = {} if isinstance(name, str) else dict(name)
    called = name if isinstance(name, str) else options.pop("name", None)
    if not isinstance(called, str):
        raise InputError(f"gates: {name!r} needs a 'name'; there are {', '.join(existing('gates'))}")
    gate: Gate = _made("gates", called, options)
    return gate


def _made(kind: str, name: str, options: dict[str, Any]) -> Any:
    factory = _factory(kind, name)
    try:
        inspect.signature(factory).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(factory).parameters) or "none"
        raise InputError(f"{kind[:-1]} {name!r}: {error}; its options are {known}") from error
    return factory(**options)


def _factory(kind: str, name: str) -> Factory:
    if ":" in name:
        return _attribute(kind, name)
    module = f"execfeedback.{kind}.{name.replace('-', '_')}"
    if name.replace("-", "_").isidentifier() and importlib.util.find_spec(module):
        create = getattr(importlib.import_module(module), "create", None)
        if create is not None:
            return _callable(kind, name, create)
    for point in entry_points(group=f"execfeedback.{kind}", name=name):
        return _callable(kind, name, point.load())
    raise InputError(
        f"there is no {kind[:-1]} {name!r}; there are {', '.join(existing(kind))}, or give 'pkg.mod:name'"
    )


def _attribute(kind: str, name: str) -> Factory:
    module, _, attribute = name.partition(":")
    try:
        return _callable(kind, name, getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"{kind[:-1]} {name!r} cannot be loaded: {error}") from error


def _callable(kind: str, name: str, found: Any) -> Factory:
    if not callable(found):
        raise InputError(f"{kind[:-1]} {name!r} is no factory: {found!r} cannot be called")
    factory: Factory = found
    return factory


def existing(kind: str) -> list[str]:
    """The names that exist: modules with a `create`, and entry points."""
    folder = importlib.import_module(f"execfeedback.{kind}")
    names = [info.name for info in pkgutil.iter_modules(folder.__path__)]
    own = [name for name in names if hasattr(importlib.import_module(f"{folder.__name__}.{name}"), "create")]
    return sorted({*own, *(point.name for point in entry_points(group=f"execfeedback.{kind}"))})
