"""Pneumatic cylinders and what they move."""

from __future__ import annotations

from typing import Any

from plc_sim.components.belt import Belt
from plc_sim.components.component import Analogue, Component, Metre, Second, Share, Signal, actuator, sensor
from plc_sim.components.site import Site
from plc_sim.kernel.stroke import CylinderRow, Zone


class Cylinder(Component):
    """A double-acting cylinder on a 5/3 valve with closed centre, with two end switches.

    Model: after `dead_time` from a coil's edge the piston moves at constant speed, full stroke in
    `extend_time` or `retract_time`. With both coils or none it stops where it is, likewise after the dead
    time. An end switch is on within `tolerance` of its end. Typical (xPPU records): dead times 60 to 270 ms,
    strokes 290 to 790 ms.
    """

    row = CylinderRow
    extend = actuator("coil that extends it")
    retract = actuator("coil that retracts it")
    retracted = sensor("end switch")
    extended = sensor("end switch")
    position = Analogue("share of the stroke", "")

    def __init__(
        self,
        *,
        dead_time: Second = 0.06,
        extend_time: Second = 0.3,
        retract_time: Second = 0.3,
        tolerance: Share = 0.02,
        starts_extended: bool = False,
    ) -> None:
        self.dead_time, self.extend_time, self.retract_time = dead_time, extend_time, retract_time
        self.tolerance, self.starts_extended = tolerance, starts_extended

    def initially(self, site: Site, signal: Signal) -> bool:
        ends = {"retracted": not self.starts_extended, "extended": self.starts_extended}
        return ends.get(signal.name, signal.initial)

    def fields(self, site: Site) -> dict[str, Any]:
        return {
            "BELT": None,
            "P0": 1.0 if self.starts_extended else 0.0,
            "ZONE": int(Zone.EXTENDED if self.starts_extended else Zone.RETRACTED),
            "T0": site.start,
            "MAPPED": site.analogues.get(self, 0),
        }


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
        self.belt.check_position(site, self, "at", self.at)

    def attach(self, site: Site) -> None:
        site.add_stop(self.belt, self.at, self.name, self.starts_extended)

    def fields(self, site: Site) -> dict[str, Any]:
        return {**super().fields(site), "BELT": self.belt.name, "STOP": site.stop(self.belt, self.name)}
