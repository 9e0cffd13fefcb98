"""A component of a user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from plc_sim.components.component import Component, actuator, sensor
from plc_sim.components.site import Site
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.user import UserRow, address_of


class UserComponent(Component):
    """A component written as a function over words of its own, called at its events and at every edge of
    `listen`.

    `function(I, F, c, o, t)` gets the block as int64 and float64 words, its number, the offset of its
    `UserRow` and the time in ns; it returns when it acts next, in ns. It may call kernel functions (`drive`,
    `seen`, ...). It is compiled by itself; the kernel is not compiled again. `words` are its words at the
    start.
    """

    row = UserRow
    listen = actuator("what it listens to")
    out = sensor("what it drives")

    def __init__(self, function: Callable[..., int], words: Sequence[int | float] = ()) -> None:
        self.function, self.words = function, tuple(words)

    def fields(self, site: Site) -> dict[str, Any]:
        return {
            "FUNCTION": address_of(self.function),
            "WORDS": Rows(None, self.words, self.name),
            "WORD_COUNT": len(self.words),
        }
