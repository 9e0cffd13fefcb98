"""A part is one word: serial number, what was done to it, sort, how it lies and whether it is good.

Bit 0 is good, bits 1 to 8 are the sort, bits 9 to 16 tell which of eight operations it has had, bit 17 that
it lies askew, and the serial number at its source, from 1 on, follows. 0 is no part.
"""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, kernel

SORTS = 63
"""Most sorts: a sensor's mask has a bit for each."""

OPERATIONS = 8
"""Most operations on a part."""

_SORT, _DONE, _SKEWED, _SERIAL = 1, 9, 17, 18


@kernel
def make_part(serial: int, sort: int, good: int) -> int:
    """The word of a part as it comes from its source; never 0."""
    return serial << _SERIAL | sort << _SORT | good


@kernel
def is_good(part: int) -> int:
    """1 for a good part."""
    return part & 1


@kernel
def sort_of(part: int) -> int:
    """Its sort, counted from 0."""
    return part >> _SORT & 0xFF


@kernel
def with_operation(part: int, operation: int) -> int:
    """The part after `operation`, counted from 0."""
    return part | 1 << _DONE + operation


@kernel
def operations_of(part: int) -> int:
    """A bit for each operation it has had."""
    return part >> _DONE & 0xFF


@kernel
def skewed(part: int) -> int:
    """The part lying askew: no gripper gets hold of it."""
    return part | 1 << _SKEWED


@kernel
def is_skewed(part: int) -> int:
    """1 for a part that lies askew."""
    return part >> _SKEWED & 1


@kernel
def drawn_sort(F: Reals, first: int, count: int, draw: float) -> int:
    """The sort that a draw stands for, by the shares from word `first` on, each with those before."""
    sort = 0
    while sort < count - 1 and draw >= F[first + sort]:
        sort += 1
    return sort
