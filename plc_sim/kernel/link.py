"""The controller's link to the PLC: writes take place as events, readings are kept by `memory.keep`, skipped
scans rest here.

A watched bit that changes in the PLC wakes the controller: SCAN_AT becomes the first scan at which the image
of the first exchange that reaches the memory at or after the change has arrived.
"""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.exchange import (
    exchange_access,
    exchange_arrival,
    newest_access,
    newest_arrival,
    next_scan,
    next_start,
    scan_at,
)
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.memory import keep, note_watched, refresh, settle, store
from plc_sim.kernel.plc_rows import LinkRow, PlcRow, SampleRow, WriteRow
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import grid_before, poke_plc


@kernel
def wake(I: Words, t: int) -> None:
    """Something the controller waits for changed in the PLC's memory at `t` (ns)."""
    n = I[Header.LINK]
    if I[n + LinkRow.ON] == 0:
        return
    k = max(newest_access(I, n, t) + 1, I[n + LinkRow.FROM])
    _scan_from(I, n, exchange_arrival(I, n, k))


@kernel
def _scan_from(I: Words, n: int, t: int) -> None:
    instant = scan_at(I, n, next_scan(I, n, t))
    if instant < I[Header.SCAN_AT]:
        I[Header.SCAN_AT] = instant


@kernel
def take_due(I: Words) -> None:
    """Let the controller scan at the first instant of its grid from SCAN_DUE on."""
    _scan_from(I, I[Header.LINK], I[Header.SCAN_DUE])
    I[Header.SCAN_DUE] = NEVER


@kernel
def present(I: Words, F: Reals, t: int) -> None:
    """Lay out in IMAGE what the controller sees at `t` (ns): the newest exchange that has arrived."""
    n = I[Header.LINK]
    sample = _arrived(I, F, n, t)
    I[Header.IMAGE_NUMBER] = I[sample + SampleRow.NUMBER]
    I[Header.IMAGE_TIME] = I[sample + SampleRow.START]
    image = I[n + LinkRow.IMAGE]
    for w in range(I[I[Header.PLC] + PlcRow.READ_WORDS]):
        I[image + w] = I[sample + SampleRow.SIZE + w]


@kernel
def _arrived(I: Words, F: Reals, n: int, t: int) -> int:
    k = -1
    if I[n + LinkRow.ON]:
        k = newest_arrival(I, n, t)
    if k > I[n + LinkRow.LAST]:
        return store(I, F, k)
    return _newest_sample(I, n, k)


@kernel
def _newest_sample(I: Words, n: int, k: int) -> int:
    a = I[n + LinkRow.SAMPLE_A]
    b = I[n + LinkRow.SAMPLE_B]
    if I[a + SampleRow.NUMBER] < I[b + SampleRow.NUMBER]:
        a, b = b, a
    in_flight = (
        I[n + LinkRow.ON] and I[a + SampleRow.NUMBER] >= I[n + LinkRow.FROM] and I[a + SampleRow.NUMBER] > k
    )
    return b if in_flight else a


@kernel
def replan(I: Words, F: Reals) -> None:
    """The controller has scanned and waits for other bits: wake it for what its image does not show yet."""
    I[Header.REPLAN] = 0
    n = I[Header.LINK]
    p = I[Header.PLC]
    now = I[Header.DONE]
    moving = note_watched(I, F)
    if I[n + LinkRow.ON] == 0:
        return
    keep(I, F, now + 1)
    refresh(I, F, grid_before(I, p, now + 1))
    settle(I)
    if moving:
        poke_plc(I, now)
    if I[Header.IMAGE_NUMBER] < I[n + LinkRow.FROM]:
        _scan_from(I, n, max(exchange_arrival(I, n, I[n + LinkRow.FROM]), now + 1))
        return
    image = I[n + LinkRow.IMAGE]
    _compare_sample(I, n, p, image, I[n + LinkRow.SAMPLE_A], now)
    _compare_sample(I, n, p, image, I[n + LinkRow.SAMPLE_B], now)
    if _differ(I, p, image, I[p + PlcRow.MEMORY]):
        wake(I, now + 1)


@kernel
def _compare_sample(I: Words, n: int, p: int, image: int, sample: int, now: int) -> None:
    k = I[sample + SampleRow.NUMBER]
    if k > I[Header.IMAGE_NUMBER] and _differ(I, p, image, sample + SampleRow.SIZE):
        _scan_from(I, n, max(exchange_arrival(I, n, k), now + 1))


@kernel
def _differ(I: Words, p: int, first: int, second: int) -> bool:
    watch = I[p + PlcRow.WATCH]
    for w in range(I[p + PlcRow.READ_WORDS]):
        if (I[first + w] ^ I[second + w]) & I[watch + w] != 0:
            return True
    return False


@kernel
def take_put(I: Words) -> None:
    """The controller left outputs at PUT_AT: the first exchange that starts then or later carries them."""
    n = I[Header.LINK]
    t = I[Header.PUT_AT]
    I[Header.PUT_AT] = -1
    if I[n + LinkRow.ON] == 0:
        return
    k = max(next_start(I, n, t), I[n + LinkRow.FROM])
    write = I[n + LinkRow.ODD_WRITE] if k % 2 else I[n + LinkRow.EVEN_WRITE]
    I[write + WriteRow.NUMBER] = k
    put = I[n + LinkRow.PUT]
    for w in range(I[n + LinkRow.WRITE_WORDS]):
        I[write + WriteRow.SIZE + w] = I[put + w]
    plan_writes(I)


@kernel
def plan_writes(I: Words) -> None:
    """The link acts when the next outputs on their way reach the memory."""
    n = I[Header.LINK]
    even = I[I[n + LinkRow.EVEN_WRITE] + WriteRow.NUMBER]
    odd = I[I[n + LinkRow.ODD_WRITE] + WriteRow.NUMBER]
    t = NEVER
    if even >= 0:
        t = exchange_access(I, n, even)
    if odd >= 0:
        t = min(t, exchange_access(I, n, odd))
    schedule(I, I[Header.LINK_INDEX], t)


@kernel
def link_step(I: Words, F: Reals, c: int, n: int, t: int) -> None:
    """Outputs on their way reach the memory."""
    even = I[n + LinkRow.EVEN_WRITE]
    odd = I[n + LinkRow.ODD_WRITE]
    due = even
    if I[even + WriteRow.NUMBER] < 0 or 0 <= I[odd + WriteRow.NUMBER] < I[even + WriteRow.NUMBER]:
        due = odd
    I[due + WriteRow.NUMBER] = -1
    keep(I, F, t)
    if _write(I, n, due + WriteRow.SIZE, t):
        poke_plc(I, t + 1)
    plan_writes(I)


@kernel
def _write(I: Words, n: int, data: int, t: int) -> bool:
    p = I[Header.PLC]
    first = I[n + LinkRow.WRITE_FIRST]
    changed = False
    for k in range(I[n + LinkRow.WRITE_WORDS]):
        w = first + k
        word = I[p + PlcRow.MEMORY] + w
        difference = (I[word] ^ I[data + k]) & I[I[n + LinkRow.WRITE_MASK] + k]
        if difference != 0:
            I[word] ^= difference
            I[I[p + PlcRow.SHADOW] + w] ^= difference
            changed = True
            if difference & I[I[p + PlcRow.OUTPUT_MASK] + w] != 0:
                I[p + PlcRow.DIRTY] = 1
            if difference & I[I[p + PlcRow.PROGRAM_WATCH] + w] != 0:
                I[p + PlcRow.CALLED] = 1
            if w < I[p + PlcRow.READ_WORDS] and difference & I[I[p + PlcRow.WATCH] + w] != 0:
                wake(I, t)
    return changed


@kernel
def switch_link(I: Words, F: Reals, on: int, t: int) -> None:
    """Exchanges take place from `t` (ns) on, or no more: what has not arrived by then never does.

    The first image after a gap wakes the controller.
    """
    n = I[Header.LINK]
    if on == I[n + LinkRow.ON]:
        return
    if on:
        first = next_start(I, n, t)
        I[n + LinkRow.FROM] = first
        I[n + LinkRow.LAST] = first - 1
        I[n + LinkRow.ACCESS] = -1
        _scan_from(I, n, exchange_arrival(I, n, first))
    else:
        newest = I[_arrived(I, F, n, t) + SampleRow.NUMBER]
        _lose(I, I[n + LinkRow.SAMPLE_A], newest)
        _lose(I, I[n + LinkRow.SAMPLE_B], newest)
        I[I[n + LinkRow.EVEN_WRITE] + WriteRow.NUMBER] = -1
        I[I[n + LinkRow.ODD_WRITE] + WriteRow.NUMBER] = -1
        schedule(I, I[Header.LINK_INDEX], NEVER)
    I[n + LinkRow.ON] = on


@kernel
def _lose(I: Words, sample: int, newest: int) -> None:
    if I[sample + SampleRow.NUMBER] > newest:
        I[sample + SampleRow.NUMBER] = -1
