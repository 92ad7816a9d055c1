"""Fewer page copies after a fork: what a child allocates comes to lie densely.

The allocator puts a new object into a hole that a freed one left, anywhere in the memory of the zygote; for a child every
hole lies on a page that has to be copied first. So the holes are filled before the fork: for each size of block, objects
are made until they come to lie one after the other, which is in pages that nobody has used. Measured in docs/decisions.
"""

SIZES = range(16, 513, 16)
"""Bytes of a block: what CPython's own allocator hands out."""
HEADER = 33
"""Bytes of an empty `bytes` object."""
LARGE = 1 << 40
IN_A_ROW = 12
MOST = 4000


def fill_holes():
    """The fillers, to be kept for as long as the process lives."""
    return [filled(maker(size), size) for size in SIZES]


def maker(size):
    """A function that makes an object of that size, without a list of free ones that would give an old one back."""
    if size == 16:
        return object
    if size == 32:
        return lambda: LARGE + 1
    return lambda: bytes(size - HEADER)


def filled(make, size):
    """Objects, the last of which lie side by side; an allocator that never does so costs `MOST` of them."""
    made, last, row = [], 0, 0
    while row < IN_A_ROW and len(made) < MOST:
        one = make()
        row = row + 1 if 0 < id(one) - last <= 2 * size else 0  # the numbers themselves take blocks too
        last = id(one)
        made.append(one)
    return made
