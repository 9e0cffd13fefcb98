"""The PLC's memory: analogue words evaluated when somebody reads them, and what each exchange of the link
read.

What changes the memory at t first lets the exchanges with x < t read it (`keep`), so that no exchange costs
an event of its own and the controller's image at any later instant is that of a link that samples every
cycle.
"""

from __future__ import annotations

import math

import numpy as np

from plc_sim.kernel.compilation import Reals, Words, kernel, octets
from plc_sim.kernel.exchange import exchange_access, exchange_arrival, exchange_start, newest_access
from plc_sim.kernel.header import Header
from plc_sim.kernel.meter_row import MeterRow, meter_moves, meter_value
from plc_sim.kernel.plc_rows import AnalogueRow, ComparisonRow, LinkRow, PlcRow, SampleRow
from plc_sim.kernel.schedule import kind_of, row_of
from plc_sim.kernel.signals import grid_before, poke_plc
from plc_sim.kernel.source import plain_moves, plain_value


@kernel
def source_value(I: Words, F: Reals, c: int, value: int, t: int) -> float:
    """Analogue value `value` of component `c` at `t` (ns), in its own unit."""
    if kind_of(I, c) == MeterRow.KIND:
        return meter_value(I, F, row_of(I, c), t)
    return plain_value(I, F, c, value, t)


@kernel
def _source_moves(I: Words, F: Reals, a: int) -> bool:
    """Whether that value is changing."""
    c = I[a + AnalogueRow.SOURCE]
    if kind_of(I, c) == MeterRow.KIND:
        o = row_of(I, c)
        return meter_moves(F, o) or plain_moves(I, F, I[o + MeterRow.SOURCE])
    return plain_moves(I, F, c)


@kernel
def _to_raw(F: Reals, a: int, value: float) -> float:
    raw = F[a + AnalogueRow.RAW_LOW] + (value - F[a + AnalogueRow.LOW]) * F[a + AnalogueRow.SCALE]
    return min(max(math.floor(raw + 0.5), F[a + AnalogueRow.LEAST]), F[a + AnalogueRow.GREATEST])


@kernel
def _compare(I: Words, F: Reals, a: int, raw: int, number: float) -> None:
    memory = I[I[Header.PLC] + PlcRow.MEMORY]
    c = I[a + AnalogueRow.COMPARISONS]
    for _ in range(I[a + AnalogueRow.COMPARISON_COUNT]):
        above = I[c + ComparisonRow.ABOVE] != 0
        if I[a + AnalogueRow.FLOATING]:
            limit = F[c + ComparisonRow.LIMIT]
            holds = number > limit if above else number < limit
        else:
            limit_raw = I[c + ComparisonRow.RAW_LIMIT]
            holds = raw >= limit_raw if above else raw <= limit_raw
        w = memory + I[c + ComparisonRow.WORD]
        I[w] = I[w] | I[c + ComparisonRow.MASK] if holds else I[w] & ~I[c + ComparisonRow.MASK]
        c += ComparisonRow.SIZE


@kernel
def _evaluate(I: Words, F: Reals, a: int, g: int) -> None:
    value = source_value(I, F, I[a + AnalogueRow.SOURCE], I[a + AnalogueRow.SOURCE_VALUE], g)
    size = I[a + AnalogueRow.OCTETS]
    number = value
    if I[a + AnalogueRow.FLOATING] == 0:
        raw = int(_to_raw(F, a, value))
    elif size == 4:
        number = float(np.float32(value))
        raw = int(np.float32(value).view(np.int32))
    else:
        raw = int(np.float64(value).view(np.int64))
    B = octets(I)
    last = 8 * I[I[Header.PLC] + PlcRow.MEMORY] + I[a + AnalogueRow.BYTE] + size - 1
    rest = raw
    for k in range(size):
        B[last - k] = rest & 255
        rest >>= 8
    _compare(I, F, a, raw, number)
    I[a + AnalogueRow.EVALUATED] = g


@kernel
def refresh(I: Words, F: Reals, g: int) -> None:
    """Let the memory show the analogue values of the scan instant `g` (ns), unless it shows later ones."""
    p = I[Header.PLC]
    if I[p + PlcRow.RUNNING] == 0:
        return
    a = I[p + PlcRow.ANALOGUES]
    for _ in range(I[p + PlcRow.ANALOGUE_COUNT]):
        if I[a + AnalogueRow.EVALUATED] < g:
            _evaluate(I, F, a, g)
        a += AnalogueRow.SIZE


@kernel
def settle(I: Words) -> None:
    """Analogue values count as the last scan saw them: only what changes from now on is a change."""
    p = I[Header.PLC]
    a = I[p + PlcRow.ANALOGUES]
    for _ in range(I[p + PlcRow.ANALOGUE_COUNT]):
        w = I[a + AnalogueRow.WORD]
        _settle_bits(I, p, w, I[a + AnalogueRow.MASK])
        if I[a + AnalogueRow.NEXT_MASK] != 0:
            _settle_bits(I, p, w + 1, I[a + AnalogueRow.NEXT_MASK])
        c = I[a + AnalogueRow.COMPARISONS]
        for _ in range(I[a + AnalogueRow.COMPARISON_COUNT]):
            _settle_bits(I, p, I[c + ComparisonRow.WORD], I[c + ComparisonRow.MASK])
            c += ComparisonRow.SIZE
        a += AnalogueRow.SIZE


@kernel
def _settle_bits(I: Words, p: int, w: int, mask: int) -> None:
    shadow = I[p + PlcRow.SHADOW] + w
    I[shadow] = (I[shadow] & ~mask) | (I[I[p + PlcRow.MEMORY] + w] & mask)


@kernel
def before_segment(I: Words, F: Reals, t: int) -> None:
    """A mapped analogue source changes its motion at `t` (ns): first read it as it was."""
    p = I[Header.PLC]
    keep(I, F, t)
    refresh(I, F, grid_before(I, p, t))
    a = I[p + PlcRow.ANALOGUES]
    for _ in range(I[p + PlcRow.ANALOGUE_COUNT]):
        if I[a + AnalogueRow.WATCHED]:
            poke_plc(I, t)
        a += AnalogueRow.SIZE


@kernel
def note_watched(I: Words, F: Reals) -> bool:
    """Mark the analogue rows whose value somebody waits for; whether one of them is moving."""
    p = I[Header.PLC]
    a = I[p + PlcRow.ANALOGUES]
    moving = False
    for _ in range(I[p + PlcRow.ANALOGUE_COUNT]):
        w = I[a + AnalogueRow.WORD]
        bits = _watched(I, p, w) & I[a + AnalogueRow.MASK]
        if I[a + AnalogueRow.NEXT_MASK] != 0:
            bits |= _watched(I, p, w + 1) & I[a + AnalogueRow.NEXT_MASK]
        c = I[a + AnalogueRow.COMPARISONS]
        for _ in range(I[a + AnalogueRow.COMPARISON_COUNT]):
            bits |= _watched(I, p, I[c + ComparisonRow.WORD]) & I[c + ComparisonRow.MASK]
            c += ComparisonRow.SIZE
        I[a + AnalogueRow.WATCHED] = 1 if bits != 0 else 0
        if bits != 0 and _source_moves(I, F, a):
            moving = True
        a += AnalogueRow.SIZE
    return moving


@kernel
def _watched(I: Words, p: int, w: int) -> int:
    bits = I[I[p + PlcRow.PROGRAM_WATCH] + w]
    if w < I[p + PlcRow.READ_WORDS]:
        bits |= I[I[p + PlcRow.WATCH] + w]
    return bits


@kernel
def keep(I: Words, F: Reals, t: int) -> None:
    """The memory is about to change at `t` (ns): keep what the exchanges with x < t read of it."""
    n = I[Header.LINK]
    if I[n + LinkRow.ON] == 0 or t <= I[n + LinkRow.ACCESS]:
        return
    k = newest_access(I, n, t)
    if k > I[n + LinkRow.LAST]:
        if k - 1 > I[n + LinkRow.LAST] and exchange_arrival(I, n, k) > t:
            store(I, F, k - 1)
        store(I, F, k)
    I[n + LinkRow.ACCESS] = exchange_access(I, n, max(k + 1, 0))


@kernel
def store(I: Words, F: Reals, k: int) -> int:
    """Keep what exchange `k` reads of the memory as it is; the offset of its SampleRow."""
    n = I[Header.LINK]
    p = I[Header.PLC]
    refresh(I, F, grid_before(I, p, exchange_access(I, n, k) + 1))
    a = I[n + LinkRow.SAMPLE_A]
    b = I[n + LinkRow.SAMPLE_B]
    sample = a if I[a + SampleRow.NUMBER] < I[b + SampleRow.NUMBER] else b
    I[sample + SampleRow.NUMBER] = k
    I[sample + SampleRow.START] = exchange_start(I, n, k)
    memory = I[p + PlcRow.MEMORY]
    for w in range(I[p + PlcRow.READ_WORDS]):
        I[sample + SampleRow.SIZE + w] = I[memory + w]
    I[n + LinkRow.LAST] = k
    return sample
