"""Sensors: those that tell parts by their sort, limit switches, sensors of analogue values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from plc_sim.components.belt import Belt
from plc_sim.components.component import Analogue, Component, Metre, Second, Signal, sensor
from plc_sim.components.place import Slot
from plc_sim.components.site import Site
from plc_sim.kernel.belt import Mark
from plc_sim.kernel.contact import ContactRow
from plc_sim.kernel.eye import EyeRow
from plc_sim.kernel.meter_row import MeterRow
from plc_sim.kernel.part import SORTS


class PartSensor(Component):
    """What proximity and optical sensors share: one sees parts of some sorts, on a belt or in a slot."""

    row = EyeRow
    detects = sensor("a part that it senses is there")

    def __init__(
        self,
        where: Belt | Slot,
        *,
        at: Metre = 0.0,
        sorts: Sequence[int] | None = None,
        on_delay: Second = 0.001,
        off_delay: Second = 0.001,
    ) -> None:
        self.where, self.at = where, at
        self.senses = None if sorts is None else tuple(sorts)
        self.on_delay, self.off_delay = on_delay, off_delay

    def check(self, site: Site) -> None:
        if self.senses is not None and (not self.senses or not set(self.senses) <= set(range(SORTS))):
            site.refuse(self, "sorts", f"sorts of 0 to {SORTS - 1}", self.senses)
        if isinstance(self.where, Belt):
            self.where.check_position(site, self, "at", self.at)

    def attach(self, site: Site) -> None:
        if isinstance(self.where, Belt):
            rear = self.at + site.value(self.where, "part_length")
            site.add_mark(self.where, (self.at, Mark.COVERS_EYE, self.name, 0))
            site.add_mark(self.where, (rear, Mark.UNCOVERS_EYE, self.name, 1))
        else:
            site.eyes.setdefault(self.where, []).append(self)

    def fields(self, site: Site) -> dict[str, Any]:
        mask = -1 if self.senses is None else sum(1 << sort for sort in set(self.senses))
        return {"BLOCKED": self.detects.path, "SORTS": mask, "COVERS": self._covers(site, mask)}

    def _covers(self, site: Site, mask: int) -> int:
        """Parts that it senses at the start; those that lie on a belt are of sort 0."""
        if isinstance(self.where, Slot):
            return 0 if self.where.sort is None else mask >> self.where.sort & 1
        length = site.value(self.where, "part_length")
        return sum(self.at <= front < self.at + length for front in self.where.parts) * (mask & 1)


class InductiveSensor(PartSensor):
    """A sensor for metal: it detects parts of the given `sorts` at `at` of a belt, or in a slot.

    Model: a part is sensed over its whole length, the output follows after `on_delay` or `off_delay`. Source:
    data sheets of M12 sensors, switching frequency about 1 kHz. Typical: 2 to 10 mm reach.
    """


class CapacitiveSensor(PartSensor):
    """A sensor for any material: without `sorts` it detects every part.

    Model and source: as of an InductiveSensor. Typical: 4 to 15 mm reach, switching frequency about 50 Hz.
    """


class ColourSensor(PartSensor):
    """An optical sensor that tells sorts by their surface: it detects parts of the given `sorts`.

    Model and source: as of an InductiveSensor. Typical: delays of 0.5 to 5 ms.
    """


class LimitSwitch(Component):
    """A mechanical limit switch: its contact follows a signal of another component, and bounces.

    Model: at an edge of `source` the contact changes at once, and then up to `bounces` times back and forth
    within `settle`, at instants drawn from what is left of it. Source: measurements of switches (research row
    "switch bounce"). Typical: 1 to 10 ms.
    """

    row = ContactRow
    contact = sensor("the contact is closed")

    def __init__(self, source: Signal, *, settle: Second = 0.003, bounces: int = 3) -> None:
        self.source, self.settle, self.bounces = source, settle, bounces

    def references(self) -> Iterator[Component]:
        if self.source.component is not None:
            yield self.source.component

    def heard(self) -> Iterator[Signal]:
        yield self.source

    def initially(self, site: Site, signal: Signal) -> bool:
        mounted = self.source.component
        return mounted.initially(site, self.source) if mounted is not None else self.source.initial

    def fields(self, site: Site) -> dict[str, Any]:
        closed = int(self.initially(site, self.contact))
        start = {"ACTUATED": closed, "CLOSED": closed}
        return {"SOURCE": self.source.path, "KEY": site.key(self), **start}


class AnalogueSensor(Component):
    """A sensor of an analogue value of another component.

    Model: `gain` times the value, plus `offset`, plus `drift` times the time, plus normal noise of standard
    deviation `noise`, drawn anew at every instant at which it is read; in steps of `resolution` (0: none),
    within `least` to `most`. Live besides offset, drift and noise: `frozen` 1 holds what it says. A drift
    that ends leaves its offset. Source: research row "noise, drift, wear". Typical: 12 to 16 bits of its
    range.
    """

    row = MeterRow
    value = Analogue("what it says", "")
    frozen = 0

    def __init__(
        self,
        source: Analogue,
        *,
        gain: float = 1.0,
        offset: float = 0.0,
        drift: float = 0.0,
        noise: float = 0.0,
        resolution: float = 0.0,
        least: float = -1e12,
        most: float = 1e12,
    ) -> None:
        self.measures, self.gain, self.offset, self.drift = source, gain, offset, drift
        self.noise, self.resolution, self.least, self.most = noise, resolution, least, most

    def references(self) -> Iterator[Component]:
        if self.measures.component is not None:
            yield self.measures.component

    def check(self, site: Site) -> None:
        mounted = self.measures.component
        if mounted is None or isinstance(mounted, AnalogueSensor):
            wanted = "an analogue value of a component that is no analogue sensor"
            site.refuse(self, "source", wanted, self.measures.path)
        least, most = site.value(self, "least"), site.value(self, "most")
        if not (math.isfinite(least) and least < most):
            site.refuse(self, "least", f"less than most, {most:g}", least)

    def fields(self, site: Site) -> dict[str, Any]:
        mounted = self.measures.component
        assert mounted is not None
        return {
            "SOURCE": mounted.name,
            "SOURCE_VALUE": [each.name for each in mounted.analogues()].index(self.measures.name),
            "KEY": site.key(self),
            "OFFSET_NOW": float(site.value(self, "offset")),
            "DRIFT_NOW": float(site.value(self, "drift")),
            "NOISE_NOW": float(site.value(self, "noise")),
            "SINCE": site.start,
            "MAPPED": site.analogues.get(self, 0),
        }
