"""A pneumatic cylinder as an island of differential equations."""

from __future__ import annotations

import math
from typing import Any

from control.tag import is_finite
from plc_sim.components.component import Analogue, Metre, Second, Share, actuator, sensor
from plc_sim.components.ode import Level, OdeComponent
from plc_sim.components.site import Site
from plc_sim.kernel.chamber import ChamberRow, two_chambers
from plc_sim.kernel.layout import Rows

Kilogram = float
Kilopascal = float
CubicMetrePerSecondKilopascal = float
AMBIENT = 101.3
"""kPa."""


class TwoChamberCylinder(OdeComponent):
    """A double-acting cylinder on a 5/3 valve with closed centre, by the pressures in its chambers.

    Model: m x'' = pA (behind) - pA (before) - friction, isothermal chambers, flow by ISO 6358 with
    `conductance` in, `outlet` out and the critical pressure ratio `critical`; a piston at an end stops dead.
    End switches are on within `tolerance` of the ends. Source: research row "cylinder, level 1". Use it where
    pressures, loads or throttles matter: while it moves it takes a step every `step`. Typical: 2e-6 to 2e-5
    m3/(s kPa), that is 2e-9 to 2e-8 m3/(s Pa); 600 to 800 kPa absolute.
    """

    extend = actuator("coil that extends it")
    retract = actuator("coil that retracts it")
    retracted = sensor("end switch", initial=True)
    extended = sensor("end switch")
    position = Analogue("position of the piston", "m")
    speed = Analogue("speed of the piston", "m/s")
    behind = Analogue("absolute pressure behind the piston", "kPa")
    before = Analogue("absolute pressure before the piston", "kPa")

    def __init__(
        self,
        *,
        bore: Metre = 0.032,
        rod: Metre = 0.012,
        stroke: Metre = 0.2,
        mass: Kilogram = 2.0,
        supply: Kilopascal = 700.0,
        conductance: CubicMetrePerSecondKilopascal = 5e-6,
        outlet: CubicMetrePerSecondKilopascal = 2e-6,
        critical: Share = 0.3,
        viscous: float = 50.0,
        coulomb: float = 20.0,
        dead_length: Metre = 0.01,
        tolerance: Metre = 0.002,
        step: Second = 1e-4,
    ) -> None:
        self.bore, self.rod, self.stroke, self.mass, self.supply = bore, rod, stroke, mass, supply
        self.conductance, self.outlet, self.critical = conductance, outlet, critical
        self.viscous, self.coulomb, self.dead_length = viscous, coulomb, dead_length
        self.tolerance = tolerance
        super().__init__(
            two_chambers,
            {"position": 0.0, "speed": 0.0, "behind": AMBIENT, "before": AMBIENT},
            step=step,
            quiet={"position": 1e-6, "speed": 1e-3, "behind": 0.1, "before": 0.1},
            levels=(
                Level("position", tolerance, shows="retracted", below=True),
                Level("position", stroke - tolerance, shows="extended"),
                Level("position", 0.0, sets="speed"),
                Level("position", stroke, sets="speed"),
            ),
            listens=("extend", "retract"),
        )

    def check(self, site: Site) -> None:
        if not (_positive(self.bore) and _positive(self.rod) and self.rod < self.bore):
            site.refuse(self, "rod", "0 < rod < bore in m", (self.rod, self.bore))
        if not (_positive(self.stroke) and _positive(self.tolerance) and 2 * self.tolerance < self.stroke):
            site.refuse(self, "tolerance", "less than half of the stroke in m", self.tolerance)
        super().check(site)

    def fields(self, site: Site) -> dict[str, Any]:
        whole, rod = math.pi / 4 * self.bore**2, math.pi / 4 * self.rod**2
        values = {
            "BORE": whole,
            "RING": whole - rod,
            "ROD": rod,
            "STROKE": self.stroke,
            "DEAD": self.dead_length,
            "MASS": self.mass,
            "VISCOUS": self.viscous,
            "COULOMB": self.coulomb,
            "SUPPLY": self.supply,
            "AMBIENT": AMBIENT,
            "CONDUCTANCE": self.conductance,
            "OUTLET": self.outlet,
            "CRITICAL": self.critical,
        }
        return super().fields(site) | {"WORDS": Rows(ChamberRow, [values], self.name)}


def _positive(value: float) -> bool:
    return is_finite(value) and value > 0.0
