"""A cylinder's row and its motion between events: constant speed per direction."""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole


class Zone(IntEnum):
    """Where along its stroke a piston is."""

    RETRACTED = 0
    LOWER = 1
    UPPER = 2
    EXTENDED = 3


class Edge(IntEnum):
    """What a moving piston comes to next."""

    ZONE = 0
    CUSHION = 1
    STOP = 2


class CylinderRow(Row, kind=2):
    """A cylinder: double-acting on a 5/3 valve with closed centre, or single-acting with a spring."""

    EXTEND = signal("coil that extends it")
    RETRACT = signal("coil that retracts it; a spring does without")
    RETRACTED = signal("end switch")
    EXTENDED = signal("end switch")
    DEAD_TIME = duration("from a coil's edge to the piston's start or stop", live=True)
    EXTEND_TIME = duration("full stroke out, dead time excluded", low=1e-6, live=True)
    RETRACT_TIME = duration("full stroke in, dead time excluded", low=1e-6, live=True)
    TOLERANCE = real("share of the stroke over which an end switch is on", low=0.0, high=0.4)
    SPRING = whole("1: a spring retracts it while its coil is off", low=0, high=1)
    CUSHION = real("share of the stroke before each end that is cushioned", low=0.0, high=0.4)
    CUSHION_SPEED = real("speed there, as a share of that before", above=0.0, high=1.0)
    WEAR = real("by which a stroke takes longer per stroke done, as a share", low=0.0, live=True)
    LIFE = whole("strokes after which it jams for good; 0: never", low=0)
    REACH = real("share of the stroke that it gets to", low=0.0, high=1.0, live=True)
    JAMMED = whole("1: it stands still", low=0, high=1, live=True)
    WAITERS = rows("numbers of the components that are poked when it enters another zone")
    WAITER_COUNT = whole("how many")
    AT_RETRACTED = component("the place where what it carries is when it is retracted, or -1")
    AT_EXTENDED = component("the place where it is when extended, or -1")
    BELT = component("the belt it blocks, or -1")
    STOP = rows("its stop there")
    COMMAND = state("what the coils say: 1 out, -1 in, 0 hold")
    FOLLOWED = state("what the valve does of it")
    VALVE_AT = state("when the piston follows", "ns", initial=NEVER)
    T0 = state("start of the present motion", "ns")
    P0 = state("share of the stroke then", initial=0.0)
    RATE = state("strokes per second since", "1/s", initial=0.0)
    ZONE = state("the Zone it is in")
    RESTS = state("1 at its outer stop, -1 at its inner, 0 between")
    SLOWED = state("it is in the cushioned part")
    EDGE = state("what it comes to next: an Edge")
    EDGE_AT = state("when", "ns", initial=NEVER)
    STROKES = state("strokes that ended at an end", counted=True)
    MAPPED = state("analogue words in the PLC that show its position")


@kernel
def piston_position(I: Words, F: Reals, o: int, t: int) -> float:
    """Share of the stroke, 0 to 1, of the cylinder at offset `o` at `t` (ns) within its present motion."""
    p = F[o + CylinderRow.P0] + F[o + CylinderRow.RATE] * ((t - I[o + CylinderRow.T0]) * 1e-9)
    return min(max(p, 0.0), 1.0)
