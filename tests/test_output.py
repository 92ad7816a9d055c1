"""What the supervisor keeps of a stream."""

import os

import pytest
from children import Output
from hypothesis import given
from hypothesis import strategies as st


def written(data: bytes, limit: int) -> Output:
    read_end, write_end = os.pipe()
    found = Output(read_end, limit)
    try:
        for start in range(0, len(data), 4096):
            os.write(write_end, data[start : start + 4096])
            found.drain()
        os.close(write_end)
        found.drain()
    finally:
        os.close(read_end)
    return found


@given(st.binary(max_size=300), st.integers(2, 400))
def test_up_to_the_limit_all_of_it_is_kept_beyond_it_head_and_tail(data: bytes, limit: int) -> None:
    found = written(data, limit)

    assert found.over is (len(data) > limit) and found.closed and found.take() == data[:limit]
    if not found.over:
        assert found.text() == data.decode("utf-8", "replace")
        assert found.utf8 is (found.text().encode() == data)
    else:
        half = limit // 2
        assert found.text().startswith(data[:half].decode("utf-8", "replace"))
        assert found.text().endswith(data[-half:].decode("utf-8", "replace"))
        assert f"[{len(data) - 2 * half} bytes left out]" in found.text()


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_flood_is_counted_and_costs_no_memory(size: int) -> None:
    found = written(b"a" * size + b"end", 1000)

    assert found.seen == size + 3 and len(found.kept) + len(found.tail) <= 1500
    assert found.text().endswith("end")
