"""Sensors that tell parts by their sort: inductive, capacitive, optical."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plc_sim.components.belt import Belt
from plc_sim.components.component import Component, Metre, Second, sensor
from plc_sim.components.place import Slot
from plc_sim.components.site import Site
from plc_sim.kernel.belt import Mark
from plc_sim.kernel.eye import EyeRow
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
