"""Who calls: bearer tokens from a file, what each may do, and who may come without one."""

import hmac
import ipaddress
import re
import time
from base64 import b64decode
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from execfeedback.errors import InputError
from execfeedback.jsonl import parsed
from execfeedback.types import Value

SHORTEST = 16
LINE = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})\s+(?P<token>\S+)(?P<options>(\s+[a-z_]+=\d+)*)")


class Caller(Value):
    """One token. A caller is known by its name; the token is nowhere else."""

    name: str
    token: str
    waiting: int | None = Field(None, ge=1)
    """Runs that it may have in the queue. Default: an equal share of the queue."""
    per_minute: int | None = Field(None, ge=1)
    """Requests; more are refused until the minute is over."""


ANYBODY = Caller(name="-", token="")
"""Everybody, where there are no tokens."""


def read_callers(path: Path) -> list[Caller]:
    """A file of lines `NAME TOKEN [waiting=N] [per_minute=N]`; `#` begins a comment. InputError names file and line."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file {path}: cannot be read ({error})") from error
    numbered = enumerate((line.split("#")[0].strip() for line in text.splitlines()), start=1)
    found = [_caller(line, f"{path}:{number}") for number, line in numbered if line]
    if not found:
        raise InputError(f"{path}: holds no token; write lines `NAME TOKEN`")
    for what in ("name", "token"):
        if len({getattr(caller, what) for caller in found}) < len(found):
            raise InputError(f"{path}: two lines have the same {what}")
    return found


def _caller(line: str, where: str) -> Caller:
    match = LINE.fullmatch(line)
    if match is None:
        raise InputError(f"{where}: is not `NAME TOKEN [waiting=N] [per_minute=N]`")
    if len(match["token"]) < SHORTEST:
        raise InputError(
            f"{where}: the token is shorter than {SHORTEST} characters; `openssl rand -hex 24` makes one"
        )
    options = dict(word.split("=") for word in match["options"].split())
    return parsed({"name": match["name"], "token": match["token"], **options}, Caller, where)


def caller_of(authorization: str, callers: Sequence[Caller]) -> Caller | None:
    """The caller whose token the header carries, as `Bearer TOKEN` or as the password of `Basic` (the form that a
    `http://NAME:TOKEN@HOST/` address takes). Every token is compared, each in constant time."""
    kind, _, word = authorization.partition(" ")
    token = word.strip() if kind.lower() == "bearer" else _password(word) if kind.lower() == "basic" else ""
    same = [caller for caller in callers if hmac.compare_digest(caller.token.encode(), token.encode())]
    return same[0] if same else None


def _password(word: str) -> str:
    try:
        return b64decode(word, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


@lru_cache(256)
def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Rates:
    """Requests of each caller in the present minute."""

    def __init__(self) -> None:
        self.minute, self.counts = 0, dict[str, int]()

    def left_s(self, caller: Caller) -> float | None:
        """Counts a request; None when it is allowed, else the seconds until the next one is."""
        if caller.per_minute is None:
            return None
        now = time.monotonic()
        if int(now // 60) != self.minute:
            self.minute, self.counts = int(now // 60), {}
        count = self.counts[caller.name] = self.counts.get(caller.name, 0) + 1
        return None if count <= caller.per_minute else 60 - now % 60
