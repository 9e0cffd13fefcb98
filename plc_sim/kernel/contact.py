"""A limit switch: its contact follows what actuates it, and bounces."""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.draw import u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, duration, signal, state, whole
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen


class ContactRow(Row, kind=35):
    """A contact that bounces."""

    SOURCE = signal("what actuates it")
    CONTACT = signal("the contact is closed")
    SETTLE = duration("within which it has settled", live=True)
    BOUNCES = whole("most times it opens again", low=0, high=100)
    KEY = whole("key of its draws")
    ACTUATED = state("as seen")
    CLOSED = state("the contact")
    LEFT = state("changes until it has settled")
    SETTLED_AT = state("when it has", "ns")
    DRAWN = state("draws so far")
    NEXT_AT = state("when it changes next", "ns", initial=NEVER)


@kernel
def _drawn(I: Words, o: int) -> float:
    I[o + ContactRow.DRAWN] += 1
    return u01(I[o + ContactRow.KEY], I[o + ContactRow.DRAWN])


@kernel
def _change(I: Words, o: int, t: int) -> None:
    """The contact changes; if it has not settled it will again, at an instant drawn from the time left."""
    I[o + ContactRow.CLOSED] = 1 - I[o + ContactRow.CLOSED]
    drive(I, I[o + ContactRow.CONTACT], I[o + ContactRow.CLOSED], t)
    I[o + ContactRow.NEXT_AT] = NEVER
    if I[o + ContactRow.LEFT] > 0:
        I[o + ContactRow.LEFT] -= 1
        I[o + ContactRow.NEXT_AT] = t + int(_drawn(I, o) * (I[o + ContactRow.SETTLED_AT] - t))


@kernel
def contact_step(I: Words, c: int, o: int, t: int) -> None:
    """What actuates it changed, or it bounces. An even number of changes more ends where it has to."""
    actuated = seen(I, I[o + ContactRow.SOURCE])
    if actuated != I[o + ContactRow.ACTUATED]:
        I[o + ContactRow.ACTUATED] = actuated
        settled = I[o + ContactRow.CLOSED] == actuated
        most = I[o + ContactRow.BOUNCES] if I[o + ContactRow.SETTLE] > 0 else 0
        bursts = int(_drawn(I, o) * (most + 1))
        I[o + ContactRow.SETTLED_AT] = t + I[o + ContactRow.SETTLE]
        I[o + ContactRow.LEFT] = 2 * bursts - (1 if settled and bursts > 0 else 0)
        I[o + ContactRow.NEXT_AT] = NEVER if settled and bursts == 0 else t
    if t >= I[o + ContactRow.NEXT_AT]:
        _change(I, o, t)
    schedule(I, c, I[o + ContactRow.NEXT_AT])
