"""A vacuum gripper's row and its pressure between events: first order towards a level."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.decay import approached
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole

AMBIENT = 101.3
"""Pressure of the air around, in kPa."""

CATALOGUE = 1.3
"""Factor by which an evacuation takes longer than V ln(p0/p)/S (Schmalz)."""


class VacuumRow(Row, kind=30):
    """A vacuum gripper."""

    SUCK = signal("evacuates")
    BLOW = signal("blows the part off")
    VACUUM = signal("the vacuum switch")
    HOLDING = signal("a part is held")
    CARRIER = component("what carries it")
    PLACES = rows("numbers of the places it serves")
    PLACE_COUNT = whole("how many")
    VOLUME = real("to be evacuated", "m3", above=0.0)
    FLOW = real("suction of the pump", "m3/s", above=0.0)
    FLOOR = real("lowest pressure with a part", "kPa", low=0.0, high=AMBIENT)
    OPEN = real("lowest pressure without one", "kPa", low=0.0, high=AMBIENT)
    ON = real("the switch goes on, and a part is held, from here down", "kPa", low=0.0, high=AMBIENT)
    OFF = real("the switch goes off, and a part falls, from here up", "kPa", low=0.0, high=AMBIENT)
    VENT_TIME = duration("time constant while it blows", low=1e-6, live=True)
    KEEP_TIME = duration("time constant while it neither sucks nor blows", low=1e-6, live=True)
    TOLERANCE = real("by which an arm's tool centre point may lie beside a place", "m", above=0.0)
    BISTABLE = whole("1: its valve keeps its position; SUCK opens and BLOW closes it", low=0, high=1)
    LEAK = real("share of the vacuum that leaks away", low=0.0, high=1.0, live=True)
    DROP = whole("1: no part is held", low=0, high=1, live=True)
    SUCKS = state("its valve is open")
    SEALED = state("a part closes the cup")
    START = state("pressure at SINCE", "kPa", initial=AMBIENT)
    TARGET = state("pressure it approaches", "kPa", initial=AMBIENT)
    SINCE = state("start of the present approach", "ns")
    CONSTANT = state("its time constant", "ns", initial=1)
    IS_ON = state("the switch")
    EDGE_AT = state("when the switch changes", "ns", initial=NEVER)
    PART = state("the part held, or 0")
    HOLDS = state("parts held", counted=True)
    DROPPED = state("parts that fell where no place is", counted=True)
    MAPPED = state("analogue words in the PLC that show its pressure")


@kernel
def pressure_at(I: Words, F: Reals, o: int, t: int) -> float:
    """Absolute pressure (kPa) in the gripper at offset `o` at `t` (ns), within its present approach."""
    since, constant = I[o + VacuumRow.SINCE], I[o + VacuumRow.CONSTANT]
    return approached(F[o + VacuumRow.START], F[o + VacuumRow.TARGET], since, constant, t)
