"""What grips parts by vacuum, what it is carried by, and the stack that parts come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from plc_sim.components.arm import Arm
from plc_sim.components.component import (
    Analogue,
    Component,
    Metre,
    Second,
    Share,
    Signal,
    actuator,
    operated,
    sensor,
)
from plc_sim.components.motion import TurningCrane
from plc_sim.components.place import Numbers, Place, shares_of
from plc_sim.components.pneumatic import Cylinder, Piston
from plc_sim.components.site import Site
from plc_sim.kernel.magazine import MagazineRow
from plc_sim.kernel.vacuum_row import VacuumRow

CubicMetre: TypeAlias = float
CubicMetrePerSecond: TypeAlias = float
Kilopascal: TypeAlias = float


class SwivelArm(Cylinder):
    """A rotary drive with an arm that carries a gripper from the place `first` to the place `second`.

    Model: as of a Cylinder, the angle in place of the stroke: retracted at `first`, extended at `second`; the
    gripper is at a place while the end switch there is on. Source: as there. Typical: 0.5 to 1.5 s for 180
    degrees.
    """

    def __init__(
        self,
        *,
        first: Place,
        second: Place,
        dead_time: Second = 0.06,
        extend_time: Second = 0.8,
        retract_time: Second = 0.8,
        tolerance: Share = 0.02,
        cushion: Share = 0.0,
        cushion_speed: Share = 0.5,
        wear: Share = 0.0,
        life_shape: float = 2.0,
        life_scale: float = 0.0,
        starts_extended: bool = False,
    ) -> None:
        super().__init__(
            dead_time=dead_time,
            extend_time=extend_time,
            retract_time=retract_time,
            tolerance=tolerance,
            cushion=cushion,
            cushion_speed=cushion_speed,
            wear=wear,
            life_shape=life_shape,
            life_scale=life_scale,
            starts_extended=starts_extended,
        )
        self.at_retracted = self.first_place = first
        self.at_extended = self.second_place = second

    def check(self, site: Site) -> None:
        super().check(site)
        if self.at_retracted is self.at_extended:
            site.refuse(self, "second", "another place than first", self.at_retracted.name)


class VacuumGripper(Component):
    """A suction cup with its ejector and vacuum switch, on an arm, a swivel arm or a crane.

    Model: absolute pressure by first order. While it sucks it approaches `floor` with a part at the cup and
    `open` without, with the time constant 1.3 V/S of the catalogue (a time of 1.3 V ln(p0/p)/S down to p);
    while it blows it comes back to ambient with `vent_time`, else with `keep_time`. A `bistable` valve, once
    opened by `suck`, sucks until it is told to blow. The switch goes on at `on` and off at `off`, at exact
    instants; a part at the cup is held from the first to the second, and left then at the place the carrier
    is at, or it falls. Live besides: `leak` is the share of the vacuum that is lost, `drop` 1 lets no part be
    held. Source: Schmalz's formula (V 564 cm3, S 6.95 m3/h to 40 kPa: 0.35 s). Typical: 0.1 to 0.8 s to grip,
    65 ms to release (xPPU).
    """

    row = VacuumRow
    suck = actuator("evacuates")
    blow = actuator("blows the part off")
    vacuum = sensor("the vacuum switch")
    holding = sensor("a part is held")
    pressure = Analogue("absolute pressure", "kPa")
    leak, drop = 0.0, 0

    def __init__(
        self,
        carrier: Arm | SwivelArm | TurningCrane,
        *,
        places: Sequence[Place] = (),
        volume: CubicMetre = 2e-5,
        flow: CubicMetrePerSecond = 2e-4,
        floor: Kilopascal = 25.0,
        open: Kilopascal = 92.0,
        on: Kilopascal = 50.0,
        off: Kilopascal = 60.0,
        vent_time: Second = 0.02,
        keep_time: Second = 5.0,
        bistable: bool = False,
        tolerance: Metre = 0.005,
    ) -> None:
        self.carrier = carrier
        self.places = tuple(places) or _places_of(carrier)
        self.volume, self.flow, self.floor, self.open = volume, flow, floor, open
        self.on, self.off, self.vent_time, self.keep_time = on, off, vent_time, keep_time
        self.bistable, self.tolerance = int(bistable), tolerance

    def check(self, site: Site) -> None:
        floor, on, off = (site.value(self, name) for name in ("floor", "on", "off"))
        free = site.value(self, "open")
        if not floor < on < off < free:
            site.refuse(self, "on", "floor < on < off < open in kPa", (floor, on, off, free))
        if not self.places:
            site.refuse(self, "places", "at least one place", self.places)

    def attach(self, site: Site) -> None:
        for place in self.places:
            place.tell(site, self)
        moved_by: list[Component] = [self.carrier]
        if isinstance(self.carrier, TurningCrane) and self.carrier.lift is not None:
            moved_by.append(self.carrier.lift)
        for each in moved_by:
            site.waiters.setdefault(each, []).append(self)

    def fields(self, site: Site) -> dict[str, Any]:
        return {
            "PLACES": Numbers(site, self.places, self.name),
            "PLACE_COUNT": len(self.places),
            "SINCE": site.start,
            "MAPPED": site.analogues.get(self, 0),
        }


def _places_of(carrier: Component) -> tuple[Place, ...]:
    """The places that a carrier of its own stops at."""
    if isinstance(carrier, SwivelArm):
        return carrier.at_retracted, carrier.at_extended
    return tuple(dict.fromkeys(carrier.places.values())) if isinstance(carrier, TurningCrane) else ()


class Magazine(Component):
    """A stack of parts over a pusher that pushes the lowest one out to a place.

    Model: the part goes over when the `pusher` has extended, the next falls when it is retracted again;
    against a part that still lies there the stroke is in vain and counted. `shares` are those of the sorts 0,
    1, ..., a part is good with probability `good`; `refill` fills it up. Source: stack magazines of training
    stations. Typical: 8 parts.
    """

    row = MagazineRow
    refill = operated("somebody fills it up, at the rising edge")
    empty = sensor("the beam through its lowest part is free")

    def __init__(
        self,
        pusher: Piston,
        outlet: Place,
        *,
        capacity: int = 8,
        parts: int | None = None,
        shares: Sequence[Share] = (1.0,),
        good: Share = 1.0,
    ) -> None:
        self.pusher, self.outlet = pusher, outlet
        self.capacity, self.parts, self.shares, self.good = capacity, parts, tuple(shares), good

    def check(self, site: Site) -> None:
        capacity = site.value(self, "capacity")
        if self.parts is not None and self.parts not in range(capacity + 1):
            site.refuse(self, "parts", f"0 to {capacity} parts", self.parts)
        shares_of(site, self, "shares", self.shares)

    def level(self, site: Site) -> int:
        """Parts in it at the start."""
        return site.value(self, "capacity") if self.parts is None else self.parts

    def initially(self, site: Site, signal: Signal) -> bool:
        return signal.name == "empty" and self.level(site) == 0

    def attach(self, site: Site) -> None:
        site.waiters.setdefault(self.pusher, []).append(self)

    def fields(self, site: Site) -> dict[str, Any]:
        return {
            "SHARES": shares_of(site, self, "shares", self.shares),
            "SORT_COUNT": len(self.shares),
            "KEY": site.key(self),
            "PARTS_ON": self.level(site),
        }
