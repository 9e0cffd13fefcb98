"""What handles parts beside belts: hand, pallet, its exchanger, chute, inspection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from control.errors import ConfigurationError
from plc_sim.components.arm import Arm
from plc_sim.components.component import Component, Metre, Second, actuator, sensor
from plc_sim.components.place import Numbers, Place, Pose
from plc_sim.components.site import Site
from plc_sim.kernel import host
from plc_sim.kernel.hand import HandRow
from plc_sim.kernel.inspection import InspectionRow
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.pallet import ChuteRow, ExchangerRow, PalletRow

if TYPE_CHECKING:
    from plc_sim.plant import Plant


class Pallet(Place):
    """`rows` x `columns` places, `pitch` apart, the first at `pose`; columns along x, rows along y."""

    row = PalletRow
    full = sensor("every place is taken")

    def __init__(self, *, rows: int, columns: int, pitch: Metre, pose: Pose) -> None:
        self.rows, self.columns, self.pitch, self.pose = rows, columns, pitch, pose

    def fields(self, site: Site) -> dict[str, Any]:
        count = site.value(self, "rows") * site.value(self, "columns")
        return {"PLACES": Rows(None, [0] * count, self.name)}

    def poses(self, site: Site) -> list[Pose]:
        (first,) = super().poses(site)
        pitch = site.value(self, "pitch")
        return [
            first._replace(x=first.x + column * pitch, y=first.y + row * pitch)
            for row in range(site.value(self, "rows"))
            for column in range(site.value(self, "columns"))
        ]


class Chute(Place):
    """A chute that takes parts out of the cell; a hand leaves them at `pose`."""

    row = ChuteRow

    def __init__(self, *, pose: Pose) -> None:
        self.pose = pose


class PalletExchanger(Component):
    """Takes a pallet away with what lies on it and brings an empty one.

    Model: a rising edge of `run` starts an exchange, which takes `time` of `run` being high; `in_place` is
    low meanwhile.
    """

    row = ExchangerRow
    run = actuator("exchanges; a new exchange needs a new edge")
    in_place = sensor("a pallet stands in place", initial=True)

    def __init__(self, pallet: Pallet, *, time: Second = 10.0) -> None:
        self.pallet, self.time = pallet, time


class Hand(Component):
    """A hand on an arm.

    Model: the fingers follow `close` after `close_time` or `open_time`. Closing, they grip the part that
    rests at one of `places` within `tolerance` of the tool centre point; opening, they leave it there: in a
    free place of a pallet, in a chute, or else dropped. Typical: 0.1 to 0.3 s for pneumatic parallel hands.
    """

    row = HandRow
    close = actuator("high: closes, low: opens")
    closed = sensor("the fingers are closed")
    part_present = sensor("a part is held")

    def __init__(
        self,
        arm: Arm,
        *,
        places: Sequence[Place],
        close_time: Second = 0.15,
        open_time: Second = 0.15,
        tolerance: Metre = 0.005,
    ) -> None:
        self.arm, self.places = arm, tuple(places)
        self.close_time, self.open_time, self.tolerance = close_time, open_time, tolerance

    def fields(self, site: Site) -> dict[str, Any]:
        return {"PLACES": Numbers(site, self.places, self.name), "PLACE_COUNT": len(self.places)}


class Inspection(Component):
    """Tells `time` after `start` whether a good part lies at a place; `start` low resets it."""

    row = InspectionRow
    start = actuator("inspects")
    ready = sensor("the result is there")
    good = sensor("a part lies there and is good")

    def __init__(self, point: Place, *, time: Second = 0.3) -> None:
        self.point, self.time = point, time


def check_reach(plant: Plant, site: Site) -> None:
    """ConfigurationError unless every hand of a plant reaches all poses of its places."""
    hands = [each for each in plant.components.values() if isinstance(each, Hand)]
    served = [(hand.arm, place) for hand in hands for place in hand.places]
    for arm, place in served:
        for pose in place.poses(site):
            branch, _ = host.solve(plant.block, plant.number(arm.name), pose, arm.home)
            if branch < 0:
                wanted = f"a pose within reach and joint limits of {arm.name}"
                raise ConfigurationError(f"{place.name}.pose: wanted {wanted}, got {pose}")
