"""A belt's row and its motion between events: v(t) = v0 + a (t - t0)."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, real, rows, signal, state, whole


class BeltRow(Row, kind=1):
    """A belt that carries parts of one length and lets them queue."""

    RUN = signal("runs the belt")
    MOVING = signal("shows that it moves")
    LENGTH = real("from infeed to end", "m", above=0.0, high=1e4)
    SPEED = real("nominal speed", "m/s", above=0.0, live=True)
    ACCELERATION = real("of ramps up and down", "m/s2", above=0.0)
    PART_LENGTH = real("length of a part", "m", above=0.0)
    GAP = real("gap between queued parts", "m", low=0.0)
    LOSE = whole("1: the foremost part falls off, once", low=0, high=1, live=True)
    MARKS = rows("a MarkRow each, by position")
    MARK_COUNT = whole("marks")
    CLEAR_MARK = whole("the mark that the last part must have passed before the next is laid on")
    STOPS = rows("a StopRow each, by position")
    STOP_COUNT = whole("stops")
    PARTS = rows("a PartRow each, the foremost first")
    CAPACITY = whole("most parts")
    PARTS_ON = state("parts on it", counted=True)
    LEFT = state("parts that left at the end", counted=True)
    LOST = state("parts that fell off", counted=True)
    LOSING = state("LOSE as seen")
    T0 = state("start of the present ramp or steady run", "ns")
    V0 = state("speed then", "m/s", initial=0.0)
    RATE = state("acceleration since", "m/s2", initial=0.0)
    SHIFTED = state("instant of the positions in PARTS", "ns")
    RAMP_END = state("when a ramp ends", "ns", initial=NEVER)
    GOAL = state("speed it leads to", "m/s", initial=0.0)
    ARRIVAL = state("when a part reaches something", "ns", initial=NEVER)
    ARRIVING = state("which part, counted from the front")
    REACHED = state("what it reaches: an Arrival")
    REACHED_AT = state("where", "m", initial=0.0)
    MAPPED = state("analogue words in the PLC that show its speed")


class MarkRow(Row):
    """A position at which a part's front calls somebody."""

    POSITION = real("of the front", "m")
    EFFECT = whole("a Mark")
    TARGET = component("whom it calls")
    PAIR = whole("for COVERS_EYE: number of the mark that uncovers the eye again")


class StopRow(Row):
    """A stop that holds parts behind it."""

    POSITION = real("of the front of a held part", "m")
    BLOCKING = state("it is in the way")


class PartRow(Row):
    """A part on a belt."""

    X = state("position of its front at SHIFTED", "m", initial=0.0)
    HELD = state("rests against a stop or another part")
    MARK = state("next mark ahead of its front")
    PART = state("the part")


@kernel
def belt_speed(I: Words, F: Reals, o: int, t: int) -> float:
    """Speed in m/s of the belt at offset `o` at `t` (ns) within its present motion."""
    if t >= I[o + BeltRow.RAMP_END]:
        return F[o + BeltRow.GOAL]
    return F[o + BeltRow.V0] + F[o + BeltRow.RATE] * ((t - I[o + BeltRow.T0]) * 1e-9)
