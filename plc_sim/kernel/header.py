"""What every block of words has: header, component table and signal rows."""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.row import Row, component, rows, state, whole

NEVER = 1 << 62
"""A time that does not come, in ns."""

EDGES = 32
"""So many edges are listed for the host; after more of them it looks at all that is watched."""

STORM = 10_000
"""Events at one instant after which a run is stopped."""


class Cause(IntEnum):
    """Why `advance` returned; the header's CAUSE is a sum of these."""

    UNTIL = 1
    SCAN = 2
    PROGRAM = 4
    PREDICATE = 8
    DEVICE = 16
    STORM = 32


class Header(Row):
    """The first words of a block. A stop that is no event changes no component."""

    TIME = state("instant reached", "ns")
    DONE = state("every event up to and including this instant is done", "ns")
    CAUSE = state("why advance returned")
    STOP = state("causes noted for the end of this instant")
    STORM = state("component that was acting when too many events came at one instant", initial=-1)
    EVENTS = state("events done")
    SCAN_AT = state("the controller's next executed scan", "ns", initial=NEVER)
    SCAN_DUE = state("when the host wants the controller to scan, not yet on its grid", "ns", initial=NEVER)
    REPLAN = state("the watch masks or SCAN_AT are new")
    PUT_AT = state("when the controller left the outputs now in PUT, or -1", "ns", initial=-1)
    IMAGE_NUMBER = state("exchange that brought the image for the scan at SCAN_AT, or -1", initial=-1)
    IMAGE_TIME = state("when that exchange was started", "ns")
    EDGES = state("edges of watched signals and counts since the host last looked")
    EDGE = rows("the signals and the words of the counts, EDGES at most")
    COUNTED = state("counts that are watched")
    COUNTS = rows("the word of each and what it held")
    COUNT = whole("components that act")
    BLOCKS = whole("blocks of 16 in NEXT; 1 for few components")
    NEXT = rows("when each component acts next, ns")
    MINIMA = rows("smallest of each block of 16 in NEXT")
    COMPONENTS = rows("a ComponentRow each")
    SIGNALS = rows("a SignalRow each, and one to end the last")
    AIR = state("compressed air, as a share of its usual pressure", initial=1.0)
    SEED = whole("seed of all draws")
    SCENARIO = whole("scenario of all draws")
    PLC = rows("the PLC's row")
    PLC_INDEX = component("the PLC")
    LINK = rows("the link's row")
    LINK_INDEX = component("the link")


class ComponentRow(Row):
    """An entry of the component table."""

    TYPE = whole("the row's KIND")
    ROW = rows("the row")
    WATCHED = state("stop when the component's version changes")


class SignalRow(Row):
    """A digital signal of the plant."""

    DRIVEN = state("what its driver says, 0 or 1")
    FORCED = state("what the host forces it to, or -1", initial=-1)
    FAULT = rows("the first fault it passes through, or 0")
    VISIBLE = state("what is seen of it")
    WATCHED = state("stop at every edge")
    SUBSCRIBERS = rows("components poked at an edge; they end where the next signal's begin")
    MAPPED = rows("a MappedRow for each place in the PLC's memory; they end where the next signal's begin")


class MappedRow(Row):
    """A bit of the PLC's memory that shows a signal."""

    WORD = rows("pending word")
    MASK = whole("the bit in it")


def name_hash(name: str) -> int:
    """A stable 64-bit hash of a component's or link's name (FNV-1a)."""
    value = 0xCBF29CE484222325
    for octet in name.encode():
        value = (value ^ octet) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
