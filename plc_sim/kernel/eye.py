"""A photo-eye: covered by parts between two marks of a belt, with on and off delay."""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import sort_of
from plc_sim.kernel.row import Row, duration, signal, state, whole
from plc_sim.kernel.schedule import poke, row_of, schedule
from plc_sim.kernel.signals import drive


class EyeRow(Row, kind=3):
    """A photo-eye across a belt."""

    BLOCKED = signal("the beam is interrupted")
    ON_DELAY = duration("from interruption to output", live=True)
    OFF_DELAY = duration("from restored beam to output", live=True)
    SORTS = whole("a bit for each sort of parts that it senses; -1: all")
    COVERS = state("parts in the beam")
    RAW = state("the beam is interrupted, delays aside")
    OUTPUT = state("what it says")
    CHANGE_AT = state("when its output follows", "ns", initial=NEVER)


@kernel
def cover(I: Words, eye: int, part: int, change: int, t: int) -> None:
    """A part comes into (1) or leaves (-1) the sight of the eye with that number, if it senses such parts."""
    o = row_of(I, eye)
    if I[o + EyeRow.SORTS] >> sort_of(part) & 1:
        I[o + EyeRow.COVERS] += change
        poke(I, eye, t)


@kernel
def eye_step(I: Words, c: int, o: int, t: int) -> None:
    """The beam may have changed, or a delay is over. A change that does not outlast its delay is not seen."""
    if t >= I[o + EyeRow.CHANGE_AT]:
        I[o + EyeRow.CHANGE_AT] = NEVER
        I[o + EyeRow.OUTPUT] = I[o + EyeRow.RAW]
        drive(I, I[o + EyeRow.BLOCKED], I[o + EyeRow.OUTPUT], t)
    raw = 1 if I[o + EyeRow.COVERS] > 0 else 0
    if raw != I[o + EyeRow.RAW]:
        I[o + EyeRow.RAW] = raw
        I[o + EyeRow.CHANGE_AT] = NEVER
        if raw != I[o + EyeRow.OUTPUT]:
            I[o + EyeRow.CHANGE_AT] = t + (I[o + EyeRow.ON_DELAY] if raw else I[o + EyeRow.OFF_DELAY])
    schedule(I, c, I[o + EyeRow.CHANGE_AT])
