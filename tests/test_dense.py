"""What a zygote does to its memory before it forks."""

import itertools

import dense


def test_every_size_ends_with_blocks_side_by_side() -> None:
    kept = dense.fill_holes()
    assert len(kept) == len(dense.SIZES)
    for size, objects in zip(dense.SIZES, kept, strict=True):
        tail = [id(one) for one in objects[-dense.IN_A_ROW :]]
        assert all(0 < b - a <= 2 * size for a, b in itertools.pairwise(tail))


def test_an_allocator_that_scatters_is_given_up() -> None:
    kept = dense.filled(lambda: bytearray(3000), 16)
    assert len(kept) == dense.MOST
