"""A cylinder's row and its motion between events: constant speed per direction."""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state


class Zone(IntEnum):
    """Where along its stroke a piston is."""

    RETRACTED = 0
    LOWER = 1
    UPPER = 2
    EXTENDED = 3


class CylinderRow(Row, kind=2):
    """A double-acting cylinder on a 5/3 valve with closed centre."""

    EXTEND = signal("coil that extends it")
    RETRACT = signal("coil that retracts it")
    RETRACTED = signal("end switch")
    EXTENDED = signal("end switch")
    DEAD_TIME = duration("from a coil's edge to the piston's start or stop", live=True)
    EXTEND_TIME = duration("full stroke out, dead time excluded", low=1e-6, live=True)
    RETRACT_TIME = duration("full stroke in, dead time excluded", low=1e-6, live=True)
    TOLERANCE = real("share of the stroke over which an end switch is on", low=0.0, high=0.4)
    BELT = component("the belt it blocks, or -1")
    STOP = rows("its stop there")
    COMMAND = state("what the coils say: 1 out, -1 in, 0 hold")
    VALVE_AT = state("when the piston follows", "ns", initial=NEVER)
    T0 = state("start of the present motion", "ns")
    P0 = state("share of the stroke then", initial=0.0)
    RATE = state("strokes per second since", "1/s", initial=0.0)
    ZONE = state("the Zone it is in")
    EDGE_AT = state("when it leaves that zone or reaches an end", "ns", initial=NEVER)
    MAPPED = state("analogue words in the PLC that show its position")


@kernel
def piston_position(I: Words, F: Reals, o: int, t: int) -> float:
    """Share of the stroke, 0 to 1, of the cylinder at offset `o` at `t` (ns) within its present motion."""
    p = F[o + CylinderRow.P0] + F[o + CylinderRow.RATE] * ((t - I[o + CylinderRow.T0]) * 1e-9)
    return min(max(p, 0.0), 1.0)
