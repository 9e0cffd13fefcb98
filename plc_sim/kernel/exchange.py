"""When exchanges and controller scans happen: pure functions of their number, drawn from the seed.

Exchange k starts at s = PHASE + k CYCLE + jitter, reaches the PLC's memory at x, half-way, and its image
arrives at y. No two overlap: s(k) < x(k) < y(k) < s(k + 1). All times in ns; `n` is the offset of the link's
row.
"""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.draw import u01
from plc_sim.kernel.plc_rows import LinkRow


@kernel
def exchange_start(I: Words, n: int, k: int) -> int:
    """Start s of exchange `k`."""
    late = int(u01(I[n + LinkRow.KEY], 2 * k) * I[n + LinkRow.JITTER])
    return I[n + LinkRow.PHASE] + k * I[n + LinkRow.CYCLE] + late


@kernel
def exchange_delay(I: Words, n: int, k: int) -> int:
    """Time from start to arrival of exchange `k`."""
    low = I[n + LinkRow.DELAY_LOW]
    return low + int(u01(I[n + LinkRow.KEY], 2 * k + 1) * (I[n + LinkRow.DELAY_HIGH] - low + 1))


@kernel
def exchange_access(I: Words, n: int, k: int) -> int:
    """Instant x at which exchange `k` reaches the PLC's memory."""
    return exchange_start(I, n, k) + exchange_delay(I, n, k) // 2


@kernel
def exchange_arrival(I: Words, n: int, k: int) -> int:
    """Instant y at which the image of exchange `k` arrives."""
    return exchange_start(I, n, k) + exchange_delay(I, n, k)


@kernel
def newest_access(I: Words, n: int, t: int) -> int:
    """Number of the newest exchange with x < t; negative if there is none."""
    k = (t - I[n + LinkRow.PHASE]) // I[n + LinkRow.CYCLE]
    return k if k >= 0 and exchange_access(I, n, k) < t else k - 1


@kernel
def newest_arrival(I: Words, n: int, t: int) -> int:
    """Number of the newest exchange with y <= t; negative if there is none."""
    k = (t - I[n + LinkRow.PHASE]) // I[n + LinkRow.CYCLE]
    return k if k >= 0 and exchange_arrival(I, n, k) <= t else k - 1


@kernel
def next_start(I: Words, n: int, t: int) -> int:
    """Number of the first exchange with s >= t."""
    k = max((t - I[n + LinkRow.PHASE]) // I[n + LinkRow.CYCLE], 0)
    return k if exchange_start(I, n, k) >= t else k + 1


@kernel
def scan_at(I: Words, n: int, j: int) -> int:
    """The controller's scan `j`."""
    late = int(u01(I[n + LinkRow.SCAN_KEY], j) * I[n + LinkRow.SCAN_LATENESS])
    return I[n + LinkRow.SCAN_PHASE] + j * I[n + LinkRow.SCAN_PERIOD] + late


@kernel
def next_scan(I: Words, n: int, t: int) -> int:
    """Number of the controller's first scan at or after `t`."""
    j = max((t - I[n + LinkRow.SCAN_PHASE]) // I[n + LinkRow.SCAN_PERIOD], 0)
    return j if scan_at(I, n, j) >= t else j + 1
