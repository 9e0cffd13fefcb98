"""What works on parts and sorts them out: stamp, pusher, ramp."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from plc_sim.components.belt import Belt
from plc_sim.components.component import Component, Metre, Second, operated, sensor
from plc_sim.components.place import ORIGIN, Place, Pose, Slot
from plc_sim.components.pneumatic import Piston
from plc_sim.components.site import Site
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.part import SORTS
from plc_sim.kernel.pusher import PusherRow
from plc_sim.kernel.ramp import RampRow
from plc_sim.kernel.stamp import StampRow

Degree: TypeAlias = float

GRAVITY = 9.80665
"""m/s2."""


class Stamp(Component):
    """A press that does an operation on the part in a slot.

    Model: the part has had the `operation` once the cylinder `press` has been extended on it for `time`.
    Source: a constant time under pressure, as at the xPPU's stamp. Typical: 0.5 to 2 s.
    """

    row = StampRow
    stamped = sensor("the part under it has had the operation")

    def __init__(self, press: Piston, slot: Slot, *, time: Second = 0.8, operation: int = 0) -> None:
        self.press, self.slot, self.time, self.operation = press, slot, time, operation

    def attach(self, site: Site) -> None:
        site.waiters.setdefault(self.press, []).append(self)
        self.slot.tell(site, self)


class Ramp(Place):
    """A ramp down which parts slide and queue; somebody empties it.

    Model: a part slides from rest at g (sin a - m cos a) over the `length` that is left below it; `mouth` is
    on while one passes the upper end or lies there, `full` while no part more goes in. `clear` takes out what
    lies in it. Parts of other sorts than `sorts` are counted. Source: Coulomb friction on an inclined plane.
    Typical: 20 to 35 degrees, friction 0.2 to 0.3.
    """

    row = RampRow
    acts = True
    mouth = sensor("a part lies or passes at its upper end")
    full = sensor("no part more goes in")
    clear = operated("somebody takes all parts that lie in it, at the rising edge")

    def __init__(
        self,
        *,
        capacity: int = 5,
        length: Metre = 0.5,
        tilt: Degree = 25.0,
        friction: float = 0.25,
        part_length: Metre = 0.1,
        sorts: Sequence[int] | None = None,
        pose: Pose = ORIGIN,
    ) -> None:
        self.pose, self.belong = pose, None if sorts is None else tuple(sorts)
        self.capacity, self.length, self.tilt, self.friction = capacity, length, tilt, friction
        self.part_length = part_length

    def slope(self) -> float:
        """Acceleration of a sliding part in m/s2."""
        angle = math.radians(self.tilt)
        return GRAVITY * (math.sin(angle) - self.friction * math.cos(angle))

    def check(self, site: Site) -> None:
        for name, value in (("tilt", self.tilt), ("friction", self.friction)):
            if not (isinstance(value, int | float) and math.isfinite(value) and 0.0 <= value <= 90.0):
                site.refuse(self, name, "a number of 0 to 90", value)
        if self.belong is not None and (not self.belong or not set(self.belong) <= set(range(SORTS))):
            site.refuse(self, "sorts", f"sorts of 0 to {SORTS - 1}", self.belong)
        if self.slope() <= 0.0:
            site.refuse(self, "tilt", f"more than {math.degrees(math.atan(self.friction)):.1f}", self.tilt)
        room = site.value(self, "length") / site.value(self, "part_length")
        if site.value(self, "capacity") > room + 1e-9:
            site.refuse(self, "capacity", f"at most {math.floor(room)} parts on its length", self.capacity)

    def fields(self, site: Site) -> dict[str, Any]:
        room = [0] * site.value(self, "capacity")
        return {
            "SORTS": -1 if self.belong is None else sum(1 << sort for sort in set(self.belong)),
            "ACCELERATION": self.slope(),
            "PARTS": Rows(None, room, self.name),
            "ARRIVALS": Rows(None, list(room), self.name),
        }


class Pusher(Component):
    """A cylinder that pushes a part off a belt to a place.

    Model: as the `cylinder` passes the middle of its stroke it takes along the part whose front is within
    `reach` of `at`, whether the belt moves or not; if the `outlet` takes none the part stays, which is
    counted, as are strokes without a part. Source: pushers of sorting stations. Typical: 0.3 to 0.5 s.
    """

    row = PusherRow

    def __init__(
        self, cylinder: Piston, belt: Belt, *, at: Metre, outlet: Place, reach: Metre = 0.05
    ) -> None:
        self.cylinder, self.belt, self.at = cylinder, belt, at
        self.outlet, self.reach = outlet, reach

    def check(self, site: Site) -> None:
        self.belt.check_position(site, self, "at", site.value(self, "at"))

    def attach(self, site: Site) -> None:
        site.waiters.setdefault(self.cylinder, []).append(self)

    def fields(self, site: Site) -> dict[str, Any]:
        return {"OUT": int(self.cylinder.starts_extended)}
