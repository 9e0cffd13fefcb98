"""A component of a user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from plc_sim.components.component import Component, Signal, actuator, sensor
from plc_sim.components.site import Site
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.user import UserRow, address_of


class Offsets(Rows):
    """The offsets of signals, known once the layout is built."""

    def __init__(self, site: Site, paths: Sequence[str], name: str) -> None:
        super().__init__(None, [_Offset(site, path) for path in paths], name)


class _Offset:
    def __init__(self, site: Site, path: str) -> None:
        self._site, self._path = site, path

    def __int__(self) -> int:
        return self._site.layout.signal_offsets[self._path]


class UserComponent(Component):
    """A component written as a function over words of its own, called at its events and at every edge of the
    signals it `listens` to.

    `function(I, F, c, o, t)` gets the block as int64 and float64 words, its number, the offset of its
    `UserRow` and the time in ns; it returns when it acts next, in ns. Its signals are read by
    `heard(I, o, k)` and driven by `say(I, o, k, value, t)`, in the order of `listens` and `drives`; it may
    call other kernel functions. It is compiled by itself; the kernel is not compiled again. `words` are its
    words at the start, at `I[o + UserRow.WORDS]`.
    """

    row = UserRow

    def __init__(
        self,
        function: Callable[..., int],
        words: Sequence[int | float] = (),
        *,
        listens: Sequence[str] = ("listen",),
        drives: Sequence[str] = ("out",),
    ) -> None:
        self.function, self.words = function, tuple(words)
        self.listens, self.drives = tuple(listens), tuple(drives)

    def signals(self) -> Iterator[Signal]:
        yield from (actuator(name).of(self, name) for name in self.listens)
        yield from (sensor(name).of(self, name) for name in self.drives)

    def fields(self, site: Site) -> dict[str, Any]:
        return {
            "FUNCTION": address_of(self.function),
            "LISTENS": Offsets(site, [f"{self.name}.{name}" for name in self.listens], self.name),
            "DRIVES": Offsets(site, [f"{self.name}.{name}" for name in self.drives], self.name),
            "WORDS": Rows(None, self.words, self.name),
            "WORD_COUNT": len(self.words),
        }
