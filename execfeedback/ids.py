"""Content addresses: canonical JSON -> sha256. Equal content has equal ids, on every machine."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: Any) -> str:
    """Canonical JSON text of plain data or of a model: sorted keys, no spaces, UTF-8 as it is."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True)
    return _encoded(value)


def digest(value: Any) -> str:
    """sha256 of the canonical form, 64 hex digits. Lone surrogates are kept apart from their escapes."""
    return digest_of(canonical(value))


def digest_of(text: str) -> str:
    """sha256 of a text that is canonical already."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
