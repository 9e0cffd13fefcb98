"""Timings of a run, drawn from its seed: phases and spreads of PLC, link and controller."""

from __future__ import annotations

from plc_sim.components.timing import MS, Timing
from plc_sim.kernel.draw import stream_key, u01
from plc_sim.kernel.header import name_hash

LATEST_EXCHANGE = MS
LATEST_SCAN = MS // 2
EXCHANGE = (1 * MS, 3 * MS)
"""A scan comes less than LATEST_SCAN late, an exchange starts less than LATEST_EXCHANGE late and takes
EXCHANGE, in ns.
"""


def drawn_timing(seed: int, period: int, cycle: int, plc_cycle: int) -> Timing:
    """The timing of a seed, for a scan period, a link cycle and a PLC cycle in ns."""
    key = stream_key(seed, 0, name_hash("timing"))
    plc, link, scan = (u01(key, number) for number in range(3))
    short, long = min(EXCHANGE[0], cycle // 8), min(EXCHANGE[1], cycle // 3)
    return Timing(
        plc_phase=int(plc * plc_cycle),
        link_phase=int(link * cycle),
        link_cycle=cycle,
        link_jitter=min(LATEST_EXCHANGE, cycle // 4),
        link_delay=(short, long),
        scan_phase=int(scan * period),
        scan_period=period,
        scan_lateness=min(LATEST_SCAN, period // 4),
    )
