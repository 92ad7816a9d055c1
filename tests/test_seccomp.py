"""The system call filter, run here by a small interpreter of its own instructions."""

import errno
import json
import struct

import pytest
import seccomp

from execfeedback.sandbox.slot import seccomp_profile

X86, ARM = "x86_64", "aarch64"


def decide(machine: str, number: int, argument: int = 0, arch: int | None = None) -> int:
    """What the filter returns for one call."""
    arch = seccomp.ARCHITECTURES[machine][0] if arch is None else arch
    data = struct.pack("IIQQ", number, arch, 0, argument)
    code = seccomp.program(machine)
    program = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    accumulator = at = 0
    while True:
        operation, yes, no, k = program[at]
        at += 1
        if operation == seccomp.RETURN:
            return int(k)
        if operation == seccomp.LOAD:
            accumulator = struct.unpack_from("I", data, k)[0]
            continue
        holds = {
            seccomp.JEQ: accumulator == k,
            seccomp.JGE: accumulator >= k,
            seccomp.JSET: bool(accumulator & k),
        }[operation]
        at += yes if holds else no


@pytest.mark.parametrize("machine", [X86, ARM])
@pytest.mark.parametrize("name", sorted(seccomp.DENIED))
def test_every_listed_call_is_denied(machine: str, name: str) -> None:
    number = seccomp.DENIED[name][seccomp.ARCHITECTURES[machine][1]]
    if number is not None:
        assert decide(machine, number) == seccomp.DENY


@pytest.mark.parametrize(
    ("machine", "number"), [(X86, 0), (X86, 1), (X86, 39), (X86, 59), (ARM, 63), (ARM, 221)]
)
def test_ordinary_calls_are_allowed(machine: str, number: int) -> None:
    assert decide(machine, number) == seccomp.ALLOW


@pytest.mark.parametrize(
    ("family", "allowed"),
    [(1, True), (2, True), (10, True), (16, False), (17, False), (38, False), (40, False)],
)
@pytest.mark.parametrize("call", [seccomp.SOCKET, seccomp.SOCKETPAIR])
def test_only_local_and_internet_sockets_can_be_opened(
    call: tuple[int, int], family: int, allowed: bool
) -> None:
    assert (decide(X86, call[0], family) == seccomp.ALLOW) is allowed
    assert (decide(ARM, call[1], family) == seccomp.ALLOW) is allowed


def test_clone_makes_processes_but_no_namespaces() -> None:
    assert decide(X86, seccomp.CLONE[0], 0x11) == seccomp.ALLOW
    assert decide(X86, seccomp.CLONE[0], 0x10000000) == seccomp.DENY
    assert decide(X86, seccomp.CLONE3[0]) == 0x00050000 | errno.ENOSYS


def test_foreign_architectures_and_numbers_are_denied() -> None:
    assert decide(X86, 0, arch=0x40000003) == seccomp.DENY
    assert decide(X86, 0x40000000 + 1) == seccomp.DENY


def test_without_a_network_of_its_own_no_socket_can_be_opened_but_a_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seccomp, "FAMILIES", ())

    assert {decide(X86, seccomp.SOCKET[0], family) for family in (1, 2, 10, 16)} == {seccomp.DENY}
    assert decide(X86, seccomp.SOCKETPAIR[0], 1) == seccomp.ALLOW


def test_memory_that_nobody_would_count_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    (number, _) = seccomp.UNCOUNTED["memfd_create"]
    assert decide(X86, number) == seccomp.ALLOW

    monkeypatch.setattr(seccomp, "CGROUPS", ())

    assert decide(X86, number) == seccomp.DENY


# ---- the container's profile -----------------------------------------------------------------------------------------

PROFILE = json.loads(seccomp_profile())
NEVER = {
    "kexec_file_load",
    "vm86",
    "vm86old",
    "request_key",
    "pkey_mprotect_key",
    "nfsservctl",
    "uselib",
    "sysfs",
}


def allowed(name: str) -> list[dict[str, object]]:
    return [r for r in PROFILE["syscalls"] if name in r["names"] and r["action"] == "SCMP_ACT_ALLOW"]


def test_what_the_profile_does_not_list_fails_with_eperm() -> None:
    assert PROFILE["defaultAction"] == "SCMP_ACT_ERRNO" and PROFILE["defaultErrnoRet"] == errno.EPERM


@pytest.mark.parametrize("name", sorted({*NEVER, *seccomp.DENIED}))
def test_the_profile_allows_nothing_that_the_filter_denies(name: str) -> None:
    assert allowed(name) == []


def test_the_profile_has_the_filters_families_of_sockets() -> None:
    for call in ("socket", "socketpair"):
        rules = [rule["args"][0] for rule in allowed(call)]  # type: ignore[index]
        assert all(r["index"] == 0 and r["op"] == "SCMP_CMP_EQ" for r in rules)
        assert sorted(r["value"] for r in rules) == [1, 2, 10]


def test_the_profile_lets_no_clone_make_a_namespace() -> None:
    (rule,) = allowed("clone")
    assert rule["args"] == [
        {"index": 0, "value": seccomp.CLONE_NEW & ~0x80, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    ]
    assert allowed("clone3") == []
