"""The plant as it is, for properties: `plant.belt.moving`, `plant.count("feeder.fed")`.

Reading a signal or a count makes it a predicate: the plant stops at every edge of it, as long as a property
depends on it, and the properties that read it are judged there, at the exact instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from itertools import repeat
from typing import Any

from control.errors import UnknownName, nearest
from control.scan import Scan
from plc_sim.disturb import FAULTS
from plc_sim.kernel.header import EDGES, Header, SignalRow
from plc_sim.plant import JUDGED, Plant

COUNT, FIRST = int(Header.EDGES), int(Header.EDGE)


class PlantView:
    """All signals and counts of one plant; `scan` notes what is read. `asleep` holds the bits of the signals
    whose edges do not stop the plant.
    """

    def __init__(self, plant: Plant, scan: Scan, happened: Mapping[str, int]) -> None:
        self._plant, self._scan, self._happened = plant, scan, happened
        self._words = plant.words
        self._bits: dict[str, int] = {}
        self._counted: dict[str, tuple[int, int]] = {}
        self._seen: dict[str, int] = {}
        self._happened_bit = scan.new_bit()
        self._offsets: dict[str, int] = {}
        self._bit_at: dict[int, int] = {}
        self._signals = self.asleep = 0
        self._parts = {name: ComponentView(self, name) for name in ("plc", *plant.components)}

    def __deepcopy__(self, memo: dict[int, Any]) -> PlantView:
        """The view of another plant in the same state."""
        twin = memo[id(self)] = object.__new__(PlantView)
        for name, value in vars(self).items():
            if name != "_words":
                vars(twin)[name] = deepcopy(value, memo)
        twin._words = twin._plant.words
        return twin

    def __getattr__(self, name: str) -> ComponentView:
        parts = self.__dict__.get("_parts", {})
        if name not in parts:
            raise UnknownName(f"the plant has no {name!r}; {nearest(name, parts)}")
        return parts[name]

    def value(self, name: str) -> bool:
        """A signal by its full name, as 'stop_eye.blocked': what is so, whatever a faulty sensor shows."""
        return self.read(*self.place(name, SignalRow.DRIVEN))

    def seen(self, name: str) -> bool:
        """What the PLC is shown of a signal."""
        return self.read(*self.place(name, SignalRow.VISIBLE))

    def place(self, name: str, field: int) -> tuple[int, int]:
        """The bit of a signal, which is watched from now on, and the word of one of its fields."""
        if name not in self._bits:
            self._watch(name)
        return self._bits[name], self._offsets[name] + field

    def read(self, bit: int, word: int) -> bool:
        """Whether a word of a signal is set, noted as read."""
        self._scan.reads |= bit
        return self._words[word] != 0

    def count(self, name: str) -> int:
        """What a component counts, as 'feeder.fed'."""
        try:
            bit, word = self._counted[name]
        except KeyError:
            bit, word = self._counted[name] = self._scan.new_bit(), self._plant.watch_count(name)
            self._bit_at[word] = bit
        self._scan.reads |= bit
        return self._words[word]

    def edges(self, reads: int) -> int:
        """The bits of the signals and counts that changed since the last call, and that of `moved`. A signal
        whose bit is not in `reads` stops the plant no more until `attend` finds it there.
        """
        words, bit_at, bits = self._words, self._bit_at, self.moved()
        count, first = words[COUNT], words[FIRST]
        words[COUNT] = 0
        if count > EDGES:
            return bits | sum(bit_at.values())
        for word in words[first : first + count]:
            bit = bit_at.get(word, 0)
            bits |= bit
            if not bit & reads and bit & self._signals:
                self.asleep |= bit
                words[word + SignalRow.WATCHED] &= ~JUDGED
        return bits

    def attend(self, reads: int) -> None:
        """Stop at the edges of all signals whose bits are in `reads`."""
        woken = self.asleep & reads
        self.asleep ^= woken
        for name, bit in self._bits.items():
            if bit & woken:
                self._plant.words[self._offsets[name] + SignalRow.WATCHED] |= JUDGED

    def moved(self) -> int:
        """The bit of what has happened, if anything has since the last call."""
        if self._happened == self._seen:
            return 0
        self._seen = dict(self._happened)
        return self._happened_bit

    def happened(self, *kinds: str) -> int:
        """How many disturbances of these kinds have begun; of all kinds that are faults if none is named."""
        self._scan.reads |= self._happened_bit
        return sum(map(self._happened.get, kinds or FAULTS, repeat(0)))

    def _watch(self, name: str) -> None:
        self._offsets[name] = self._plant.signal(name)
        self._bits[name] = self._bit_at[self._offsets[name]] = self._scan.new_bit()
        self._signals |= self._bits[name]
        self._plant.words[self._offsets[name] + SignalRow.WATCHED] |= JUDGED


class ComponentView:
    """The signals of one component."""

    def __init__(self, view: PlantView, name: str) -> None:
        self._view, self._name = view, name
        self._known: dict[str, tuple[int, int]] = {}

    def __getattr__(self, signal: str) -> bool:
        if signal.startswith("__"):  # asked for by Python itself, as when it is copied
            raise AttributeError(signal)
        place = self._known.get(signal)
        if place is None:
            place = self._known[signal] = self._view.place(f"{self._name}.{signal}", SignalRow.DRIVEN)
        return self._view.read(*place)
