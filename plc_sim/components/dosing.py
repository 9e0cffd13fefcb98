"""A dispenser and the scale below it."""

from __future__ import annotations

from typing import Any, TypeAlias

from plc_sim.components.component import Analogue, Component, Second, actuator, operated, sensor
from plc_sim.components.site import Site
from plc_sim.kernel.dispenser import DispenserRow
from plc_sim.kernel.scale_row import ScaleRow

Kilogram: TypeAlias = float
KilogramPerSecond: TypeAlias = float


class Scale(Component):
    """A scale that follows what comes onto it.

    Model: what it shows follows the mass that lies on it by first order with the time constant `time`, less
    what `tare` took for zero; `stable` while it is within `band` of it, at exact instants. `empty` takes away
    what lies on it. Source: the closed form of a first-order lag under an even flow. Typical: 0.1 to 0.5 s.
    """

    row = ScaleRow
    tare = actuator("takes what it shows for zero, at the rising edge")
    empty = operated("somebody takes away what lies on it, at the rising edge")
    stable = sensor("what it shows is within its band of what lies on it", initial=True)
    weight = Analogue("weight", "kg")

    def __init__(self, *, time: Second = 0.2, band: Kilogram = 0.001) -> None:
        self.time, self.band = time, band

    def fields(self, site: Site) -> dict[str, Any]:
        return {"SINCE": site.start, "MAPPED": site.analogues.get(self, 0)}


class Dispenser(Component):
    """A valve from which a material falls onto a scale.

    Model: material comes at the rate `flow` from `open_time` after `open` until `close_time` after its end;
    with `pneumatic` the rate is proportional to the air's pressure. A change that does not outlast its time
    is not seen. Source: mass flow of a time-pressure dispenser after the dead time of its valve and the fall.
    Typical: 1 to 50 g/s, 20 to 100 ms.
    """

    row = DispenserRow
    open = actuator("opens the valve")
    flowing = sensor("material comes onto the scale")

    def __init__(
        self,
        scale: Scale,
        *,
        flow: KilogramPerSecond = 0.01,
        open_time: Second = 0.05,
        close_time: Second = 0.08,
        pneumatic: bool = False,
    ) -> None:
        self.scale, self.flow = scale, flow
        self.open_time, self.close_time, self.pneumatic = open_time, close_time, int(pneumatic)
