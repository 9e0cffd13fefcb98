"""Pneumatic cylinders and what they move."""

from __future__ import annotations

import math
from typing import Any

from plc_sim.components.belt import Belt
from plc_sim.components.component import Analogue, Component, Metre, Second, Share, Signal, actuator, sensor
from plc_sim.components.place import waiters
from plc_sim.components.site import Site
from plc_sim.kernel.cylinder_row import CylinderRow, Zone
from plc_sim.kernel.draw import u01

MOST_STROKES = 1 << 40
"""Beyond this a life does not count."""


class Piston(Component):
    """What cylinders have in common: a coil that extends, two end switches, a stroke."""

    row = CylinderRow
    extend = actuator("coil that extends it")
    retracted = sensor("end switch")
    extended = sensor("end switch")
    position = Analogue("share of the stroke", "")
    spring, jammed, reach = 0, 0, 1.0

    def __init__(
        self,
        *,
        dead_time: Second = 0.06,
        extend_time: Second = 0.3,
        retract_time: Second = 0.3,
        tolerance: Share = 0.02,
        cushion: Share = 0.0,
        cushion_speed: Share = 0.5,
        wear: Share = 0.0,
        life_shape: float = 2.0,
        life_scale: float = 0.0,
        starts_extended: bool = False,
    ) -> None:
        self.dead_time, self.extend_time, self.retract_time = dead_time, extend_time, retract_time
        self.tolerance, self.cushion, self.cushion_speed = tolerance, cushion, cushion_speed
        self.wear, self.life_shape, self.life_scale = wear, life_shape, life_scale
        self.starts_extended = starts_extended

    def check(self, site: Site) -> None:
        for name, value, least in (
            ("life_shape", self.life_shape, 1e-3),
            ("life_scale", self.life_scale, 0.0),
        ):
            if not (isinstance(value, int | float) and math.isfinite(value) and value >= least):
                site.refuse(self, name, f"a finite number, at least {least:g}", value)

    def initially(self, site: Site, signal: Signal) -> bool:
        ends = {"retracted": not self.starts_extended, "extended": self.starts_extended}
        return ends.get(signal.name, signal.initial)

    def fields(self, site: Site) -> dict[str, Any]:
        return {
            "BELT": None,
            "P0": 1.0 if self.starts_extended else 0.0,
            "ZONE": int(Zone.EXTENDED if self.starts_extended else Zone.RETRACTED),
            "RESTS": 1 if self.starts_extended else -1,
            "T0": site.start,
            "MAPPED": site.analogues.get(self, 0),
            "LIFE": self.drawn_life(site),
            **waiters(site, self),
        }

    def drawn_life(self, site: Site) -> int:
        """Strokes after which it jams for good, drawn for this plant; 0: never."""
        if self.life_scale == 0.0:
            return 0
        strokes = self.life_scale * (-math.log(u01(site.key(self), 0))) ** (1.0 / self.life_shape)
        return max(1, min(round(strokes), MOST_STROKES))


class Cylinder(Piston):
    """A double-acting cylinder on a 5/3 valve with closed centre, with two end switches.

    Model: after `dead_time` from a coil's edge the piston moves at constant speed, full stroke in
    `extend_time` or `retract_time`; over the last `cushion` of the stroke before each end at `cushion_speed`
    of that. With both coils or none it stops where it is, likewise after the dead time. An end switch is on
    within `tolerance` of its end. Each stroke makes the next ones longer by `wear`; after a number of strokes
    drawn from a Weibull distribution (`life_shape`, `life_scale` strokes; 0: never) it jams for good. Its
    speed is proportional to the air's pressure. Live besides: `jammed` 1 holds it, `reach` ends its stroke
    early. Source: constant speed after a dead time, as in the xPPU's records. Typical: dead times 60 to 270
    ms, strokes 290 to 790 ms.
    """

    retract = actuator("coil that retracts it")


class SpringCylinder(Piston):
    """A single-acting cylinder: its coil extends it, a spring retracts it, with two end switches.

    Model: as of a Cylinder, but without its coil it returns in `retract_time`, whatever the air's pressure.
    Source and typical values: as there.
    """

    spring = 1


class Stopper(Cylinder):
    """A cylinder that holds parts on a belt at `at` while it is extended by half or more.

    A part whose front has passed `at` is not held by it any more.
    """

    def __init__(
        self,
        belt: Belt,
        *,
        at: Metre,
        dead_time: Second = 0.06,
        extend_time: Second = 0.3,
        retract_time: Second = 0.3,
        tolerance: Share = 0.02,
        starts_extended: bool = True,
    ) -> None:
        super().__init__(
            dead_time=dead_time,
            extend_time=extend_time,
            retract_time=retract_time,
            tolerance=tolerance,
            starts_extended=starts_extended,
        )
        self.belt, self.at = belt, at

    def check(self, site: Site) -> None:
        super().check(site)
        self.belt.check_position(site, self, "at", self.at)

    def attach(self, site: Site) -> None:
        site.add_stop(self.belt, self.at, self.name, self.starts_extended)

    def fields(self, site: Site) -> dict[str, Any]:
        return {**super().fields(site), "BELT": self.belt.name, "STOP": site.stop(self.belt, self.name)}
