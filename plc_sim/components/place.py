"""Places: where parts can be taken or left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from plc_sim.components.component import Component, Metre, Share, sensor
from plc_sim.components.site import Site
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.part import SORTS, make_part
from plc_sim.kernel.slot import SlotRow

LYING_SERIAL = 1 << 41
"""The serial number of a part that lies in a slot at the start."""


class Pose(NamedTuple):
    """Position in m, orientation in degrees: R = Rz(c) Ry(b) Rx(a). With a = 180 the tool points down."""

    x: float
    y: float
    z: float
    a: float = 180.0
    b: float = 0.0
    c: float = 0.0


class Place(Component):
    """Where a hand takes or leaves parts."""

    acts = False
    pose: Pose

    @property
    def x(self) -> Metre:
        """Of the tool centre point."""
        return self.pose.x

    @property
    def y(self) -> Metre:
        """Of the tool centre point."""
        return self.pose.y

    @property
    def z(self) -> Metre:
        """Of the tool centre point."""
        return self.pose.z

    def tell(self, site: Site, waiter: Component) -> None:
        """Have `waiter` poked when a part comes here or room; while it attaches."""
        site.waiters.setdefault(self, []).append(waiter)

    def poses(self, site: Site) -> list[Pose]:
        """Every pose that a hand must reach."""
        return [self.pose._replace(**{axis: site.value(self, axis) for axis in "xyz"})]


ORIGIN = Pose(0.0, 0.0, 0.0)
"""The pose of a place that no arm serves."""


class Numbers(Rows):
    """The numbers of components, known once the layout is built."""

    def __init__(self, site: Site, components: Iterable[Component], name: str) -> None:
        super().__init__(None, [_Number(site, component) for component in components], name)


class _Number:
    def __init__(self, site: Site, component: Component) -> None:
        self._site, self._component = site, component

    def __int__(self) -> int:
        return self._site.layout.numbers[self._component.name]


def waiters(site: Site, component: Component) -> dict[str, Any]:
    """The fields of a place that say who is poked when a part comes or goes; of others, when they change."""
    waiting = site.waiters.get(component, [])
    return {"WAITERS": Numbers(site, waiting, component.name), "WAITER_COUNT": len(waiting)}


def shares_of(site: Site, component: Component, name: str, shares: Sequence[Share]) -> Rows:
    """The words of a distribution of sorts, each share with those before; refused unless they add up to 1."""
    good = all(isinstance(each, int | float) and math.isfinite(each) and each >= 0.0 for each in shares)
    if not good or not 0 < len(shares) <= SORTS or abs(sum(shares) - 1.0) > 1e-9:
        site.refuse(component, name, f"1 to {SORTS} shares that add up to 1", tuple(shares))
    return Rows(None, [float(share) for share in accumulate(shares)], component.name)


class Slot(Place):
    """A place for one part: where something hands it on to something else.

    `occupied` and `free` are what lies there in truth; a sensor that looks at it has its own delays. `pose`
    is where an arm's tool takes or leaves the part. With `sort` a good part of that sort lies in it at the
    start.
    """

    row = SlotRow
    occupied = sensor("a part lies in it")
    free = sensor("no part lies in it")

    def __init__(self, *, pose: Pose = ORIGIN, sort: int | None = None) -> None:
        self.pose, self.sort = pose, sort

    def check(self, site: Site) -> None:
        if self.sort is not None and self.sort not in range(SORTS):
            site.refuse(self, "sort", f"a sort of 0 to {SORTS - 1}, or None", self.sort)

    def initially(self, site: Site, signal: Any) -> bool:
        return (self.sort is None) == (signal.name == "free")

    def fields(self, site: Site) -> dict[str, Any]:
        eyes = site.eyes.get(self, [])
        part = 0 if self.sort is None else make_part(LYING_SERIAL, self.sort, 1)
        return {
            "EYES": Numbers(site, eyes, self.name),
            "EYE_COUNT": len(eyes),
            **waiters(site, self),
            "PART": part,
            "PARTS_ON": int(part != 0),
        }
