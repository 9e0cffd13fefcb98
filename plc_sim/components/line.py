"""What a production line is made of: work stations and the buffers between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plc_sim.components.component import Component, Second, Share, Signal, actuator, sensor
from plc_sim.components.place import ORIGIN, Place, Pose, waiters
from plc_sim.components.site import Site
from plc_sim.kernel.buffer import BufferRow
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.station import Mode, StationRow

MODES = ("STARVED_TIME", "WORKING_TIME", "DOWN_TIME", "BLOCKED_TIME", "OFF_TIME")
"""The times of a station, in the order of its modes."""


class Buffer(Place):
    """`capacity` places for parts, first in, first out, between stations or whatever hands parts on.

    Model: a part is there as soon as it is put in. With a capacity of 0 a part goes through only while
    somebody waits for it. `level_time` counts parts times time: its growth per time is the mean level.
    Source: the finite buffer of flow-line theory. Typical: 0 to 50 parts.
    """

    row = BufferRow
    full = sensor("no part more goes in")
    empty = sensor("no part is in it", initial=True)

    def __init__(self, *, capacity: int, pose: Pose = ORIGIN) -> None:
        self.capacity, self.pose = capacity, pose

    def initially(self, site: Site, signal: Signal) -> bool:
        return signal.name == "empty" or site.value(self, "capacity") == 0

    def fields(self, site: Site) -> dict[str, Any]:
        ring = Rows(None, [0] * (site.value(self, "capacity") + 1), self.name)
        return {"PARTS": ring, "SINCE": site.start, **waiters(site, self)}

    def counted(self, row: Sequence[int], now: int) -> dict[str, int]:
        counts = super().counted(row, now)
        counts["level_time"] += row[BufferRow.PARTS_ON] * (now - row[BufferRow.SINCE])
        return counts


class Station(Component):
    """A work station: takes a part from `source`, works on it for `time`, hands it on to `destination`.

    Model: work times are fixed, or exponential with the mean `time`. A finished part that finds no room stays
    in the station (blocking after service); with `needs_room` a part is begun only if there is room for it
    (blocking before service). Without a source it is never starved, without a destination never blocked. It
    fails only while it works: after an exponential working time of mean `mean_up`, repaired in an exponential
    time of mean `mean_down`; or at the beginning of a part with the probability `failure_share`, repaired
    after 1, 2, ... work times with the probability `repair_share` each. `operation` is noted on the part.
    Source: flow-line theory (Buzacott and Shanthikumar 1993; Gershwin 1994). Typical: 1 to 120 s.
    """

    row = StationRow
    enable = actuator("low: begins no further part", initial=True)
    working = sensor("it works")
    blocked = sensor("its finished part has nowhere to go")
    starved = sensor("it waits for a part")
    down = sensor("it has failed and is under repair")
    parity = sensor("changes with every part that it hands on")

    def __init__(
        self,
        *,
        time: Second,
        source: Place | None = None,
        destination: Place | None = None,
        exponential: bool = False,
        mean_up: Second = 0.0,
        mean_down: Second = 0.0,
        failure_share: Share = 0.0,
        repair_share: Share = 1.0,
        needs_room: bool = False,
        operation: int = -1,
    ) -> None:
        self.source, self.destination = source, destination
        self.time, self.exponential = time, int(exponential)
        self.mean_up, self.mean_down = mean_up, mean_down
        self.failure_share, self.repair_share = failure_share, repair_share
        self.needs_room, self.operation = int(needs_room), operation

    def check(self, site: Site) -> None:
        if site.value(self, "mean_up") > 0.0 and not site.value(self, "mean_down") > 0.0:
            site.refuse(self, "mean_down", "a mean repair above 0 s where mean_up is", self.mean_down)
        if site.value(self, "failure_share") > 0.0 and not site.value(self, "repair_share") > 0.0:
            site.refuse(self, "repair_share", "a share above 0 where failure_share is", self.repair_share)
        if self.source is not None and self.source is self.destination:
            site.refuse(self, "destination", "another place than the source", self.source.name)

    def attach(self, site: Site) -> None:
        for place in (self.source, self.destination):
            if place is not None:
                place.tell(site, self)

    def fields(self, site: Site) -> dict[str, Any]:
        return {"KEY": site.key(self), "SINCE": site.start}

    def counted(self, row: Sequence[int], now: int) -> dict[str, int]:
        counts = super().counted(row, now)
        counts[MODES[row[StationRow.MODE]].lower()] += now - row[StationRow.SINCE]
        return counts


assert [mode.name for mode in Mode] == [name.removesuffix("_TIME") for name in MODES]
