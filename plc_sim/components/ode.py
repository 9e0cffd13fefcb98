"""Components of a user's own that follow ordinary differential equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from control.errors import UnknownName, nearest
from control.tag import is_finite
from plc_sim.components.component import Analogue, Component, Second, Signal, actuator, sensor
from plc_sim.components.site import Site
from plc_sim.components.user import Offsets
from plc_sim.kernel.draw import ns
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.ode_row import STATES, LevelRow, OdeRow
from plc_sim.kernel.user import address_of


class Level(NamedTuple):
    """A level of a state whose crossing is located: the signal `shows` is high while the state is at or above
    it (`below`: while it is under), and `sets` names a state that the crossing sets to `to`.
    """

    state: str
    level: float
    shows: str = ""
    below: bool = False
    sets: str = ""
    to: float = 0.0


class OdeComponent(Component):
    """A component whose states follow ordinary differential equations.

    `slopes(I, F, c, o, t)` gets the block as int64 and float64 words, its number, the offset of its `OdeRow`
    and the time in ns; it reads the states at `F[o + OdeRow.STAGE + k]`, its own words (`words`) at
    `I[o + OdeRow.WORDS]` and its signals by `heard(I, o, k)`, writes their derivatives, per s, to
    `F[o + OdeRow.SLOPE + k]` and returns 0. It is compiled by itself; the kernel is not compiled again.
    `states` are the states at the start by name; each is an analogue value. While every derivative is within
    `quiet` of 0 the island rests. Model: Runge and Kutta's fourth order with steps of `step`, ended early
    at a located crossing (1 ns) and at every edge of `listens`.
    """

    row = OdeRow

    def __init__(
        self,
        slopes: Callable[..., int],
        states: Mapping[str, float],
        *,
        step: Second = 1e-3,
        quiet: Mapping[str, float] | None = None,
        levels: Sequence[Level] = (),
        listens: Sequence[str] = (),
        words: Sequence[int | float] = (),
    ) -> None:
        self.slopes, self.states, self.time_step = slopes, dict(states), step
        self.quiet, self.levels = dict(quiet or {}), tuple(levels)
        self.listens, self.words = tuple(listens), tuple(words)

    def signals(self) -> Iterator[Signal]:
        declared = {signal.name: signal for signal in super().signals()}
        yield from declared.values()
        yield from (actuator(name).of(self, name) for name in self.listens if name not in declared)
        shown = dict.fromkeys(level.shows for level in self.levels if level.shows)
        yield from (sensor(name).of(self, name) for name in shown if name not in declared)

    def analogues(self) -> Iterator[Analogue]:
        for name in self.states:
            yield self.value(name)

    def value(self, name: str) -> Analogue:
        """The analogue value of a state; UnknownName if there is none."""
        if name not in self.states:
            raise UnknownName(f"{self.name} has no state {name!r}; {nearest(name, self.states)}")
        return Analogue(name, "").of(self, name)

    def initially(self, site: Site, signal: Signal) -> bool:
        for level in self.levels:
            if level.shows == signal.name:
                return (self.states[level.state] >= level.level) != level.below
        return signal.initial

    def check(self, site: Site) -> None:
        if not 1 <= len(self.states) <= STATES:
            site.refuse(self, "states", f"1 to {STATES} states", len(self.states))
        for name, value in (*self.states.items(), *self.quiet.items()):
            if name not in self.states or not is_finite(value):
                site.refuse(self, "states", "finite numbers of its states", (name, value))
        for level in self.levels:
            if level.state not in self.states or (level.sets and level.sets not in self.states):
                site.refuse(self, "levels", "levels of its states", level)
            if not is_finite(level.level) or not is_finite(level.to):
                site.refuse(self, "levels", "finite numbers", level)
        if not (is_finite(self.time_step) and 1e-9 <= self.time_step <= 1.0):
            site.refuse(self, "step", "1e-9 to 1 s", self.time_step)

    def fields(self, site: Site) -> dict[str, Any]:
        states = list(self.states)
        levels = [
            {
                "STATE": states.index(level.state),
                "LEVEL": float(level.level),
                "SHOWS": f"{self.name}.{level.shows}" if level.shows else None,
                "INVERTED": int(level.below),
                "SETS": states.index(level.sets) if level.sets else -1,
                "TO": float(level.to),
                "ABOVE": int(self.states[level.state] >= level.level),
            }
            for level in self.levels
        ]
        room = (0.0,) * (STATES - len(states))
        return {
            "FUNCTION": address_of(self.slopes),
            "LISTENS": Offsets(site, [f"{self.name}.{name}" for name in self.listens], self.name),
            "WORDS": Rows(None, self.words, self.name),
            "QUIET": Rows(None, [float(self.quiet.get(name, 0.0)) for name in states], self.name),
            "LEVELS": Rows(LevelRow, levels, self.name),
            "LEVEL_COUNT": len(levels),
            "ORDER": len(states),
            "STEP": ns(self.time_step),
            "TIME": site.start,
            "X": (*(float(value) for value in self.states.values()), *room),
            "MAPPED": site.analogues.get(self, 0),
        }
