"""Who acts next: the smallest time, ties by component number."""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.header import ComponentRow, Header

BLOCK = 16
FEW = 48
"""Above FEW components NEXT is searched by blocks, up to FEW plainly, which is faster there (measured)."""


@kernel
def row_of(I: Words, c: int) -> int:
    """Offset of component `c`'s row."""
    return I[I[Header.COMPONENTS] + ComponentRow.SIZE * c + ComponentRow.ROW]


@kernel
def kind_of(I: Words, c: int) -> int:
    """The KIND of component `c`'s row."""
    return I[I[Header.COMPONENTS] + ComponentRow.SIZE * c + ComponentRow.TYPE]


@kernel
def schedule(I: Words, c: int, t: int) -> None:
    """Component `c` acts next at `t` (ns)."""
    I[I[Header.NEXT] + c] = t
    if I[Header.BLOCKS] > 1:
        _renew(I, c // BLOCK)


@kernel
def poke(I: Words, c: int, t: int) -> None:
    """Component `c` acts now, at `t` (ns): no component may be due earlier."""
    I[I[Header.NEXT] + c] = t
    if I[Header.BLOCKS] > 1:
        least = I[Header.MINIMA] + c // BLOCK
        if t < I[least]:
            I[least] = t


@kernel
def poke_all(I: Words, t: int) -> None:
    """Every component but the PLC and its link acts now, at `t` (ns)."""
    for c in range(I[Header.COUNT]):
        if c != I[Header.PLC_INDEX] and c != I[Header.LINK_INDEX]:
            poke(I, c, t)


@kernel
def _renew(I: Words, block: int) -> None:
    first = I[Header.NEXT] + BLOCK * block
    least = I[first]
    for k in range(first + 1, first + BLOCK):
        least = min(least, I[k])
    I[I[Header.MINIMA] + block] = least


@kernel
def earliest(I: Words) -> int:
    """The component that acts next."""
    first = I[Header.NEXT]
    count = I[Header.COUNT]
    if I[Header.BLOCKS] > 1:
        block = _first_least(I, I[Header.MINIMA], I[Header.BLOCKS])
        return BLOCK * block + _first_least(I, first + BLOCK * block, BLOCK)
    return _first_least(I, first, count)


@kernel
def _first_least(I: Words, first: int, count: int) -> int:
    best = 0
    least = I[first]
    for k in range(1, count):
        if I[first + k] < least:
            least = I[first + k]
            best = k
    return best
