"""What can be read of a plant by name: signals, fields, counts, analogue values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from control.errors import UnknownName, nearest
from plc_sim.components.component import Component
from plc_sim.kernel import host
from plc_sim.kernel.header import Header, SignalRow
from plc_sim.kernel.layout import Layout
from plc_sim.kernel.row import Field

TIME = int(Header.TIME)


class Readings:
    """The components of a plant in their block of words, by name."""

    components: Mapping[str, Component]
    layout: Layout
    block: np.ndarray
    words: Any
    """The block as ints."""

    @property
    def now(self) -> int:
        """The instant reached, in ns."""
        return self.words[TIME]

    def number(self, name: str) -> int:
        """The number of a component; UnknownName if there is none."""
        try:
            return self.layout.numbers[name]
        except KeyError:
            raise UnknownName(f"the plant has no {name!r}; {nearest(name, self.layout.numbers)}") from None

    def name_of(self, number: int) -> str:
        """The name of a component."""
        return next(name for name, known in self.layout.numbers.items() if known == number)

    def signal(self, name: str) -> int:
        """The offset of a signal's row; UnknownName if there is none."""
        try:
            return self.layout.signal_offsets[name]
        except KeyError:
            raise UnknownName(
                f"the plant has no signal {name!r}; {nearest(name, self.layout.signal_offsets)}"
            ) from None

    def signal_value(self, name: str) -> bool:
        """What is seen of a signal, as 'stop_eye.blocked'."""
        return self.words[self.signal(name) + SignalRow.VISIBLE] != 0

    def field(self, name: str) -> tuple[str, int, Field]:
        """Component, word and declaration behind a name such as 'belt.speed'."""
        component, _, key = name.rpartition(".")
        number = self.number(component)
        row = self.layout.components[component].row
        if key.upper() not in row.fields:
            raise UnknownName(f"{component} has no {key!r}; {nearest(key, map(str.lower, row.fields))}")
        where = row.fields[key.upper()]
        assert number >= 0
        return component, self.layout.offsets[component] + where, where

    def counts(self) -> dict[str, int]:
        """What the components count, by name, as 'feeder.fed'; times in ns."""
        found: dict[str, int] = {}
        for name, component in self.components.items():
            if component.row is not None:
                offset = self.layout.offsets[name]
                row = self.words[offset : offset + component.row.SIZE]
                found |= {f"{name}.{key}": value for key, value in component.counted(row, self.now).items()}
        return found

    def analogue(self, name: str, at: int | None = None) -> float:
        """An analogue value, as 'belt.speed_actual', at an instant (ns; None: now) of its motion."""
        component, _, key = name.rpartition(".")
        number = self.number(component)
        known = [value.name for value in self.components[component].analogues()]
        if key not in known:
            raise UnknownName(f"{component} has no analogue value {key!r}; {nearest(key, known)}")
        return host.analogue(self.block, number, known.index(key), self.now if at is None else at)
