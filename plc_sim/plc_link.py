"""The controller's PLC link in virtual time: images of the kernel's exchanges, with the faults a real link
has.
"""

from __future__ import annotations

from control.block import Area
from control.link import Image, Plan, PlcLink
from control.scan import NEVER
from plc_sim.kernel import host
from plc_sim.kernel.header import Header
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.plant import Plant
from plc_sim.s7_faults import S7Faults

IMAGE_NUMBER = int(Header.IMAGE_NUMBER)


class TwinPlcLink(PlcLink):
    """Blocks exchanged with the plant's PLC at the instants the kernel draws. Times in ns.

    As with the real link: a lost connection is noticed `timeout` after the first exchange that fails; a PLC
    whose life word stands still for `life_timeout` is not good; after every reconnection the safe values go
    out first.
    """

    faults: S7Faults | None = None
    """What is wrong with the PLC's connections; here there are none."""

    def __init__(
        self, name: str, plant: Plant, *, timeout: int, life_timeout: int, broken: bool = False
    ) -> None:
        super().__init__(name, f"twin://{name}")
        self.plant, self.timeout, self.life_timeout = plant, timeout, life_timeout
        self.lost_at = plant.now if broken else NEVER
        self.stopped_at = NEVER
        self.outputs: tuple[bytes, ...] | None = None
        self.held_until = 0
        self.next = NEVER

    def configure(self, plan: Plan) -> None:
        super().configure(plan)
        self.outputs = None

    def open(self) -> None:
        if self.plant.words[self.plant.row["plc"] + PlcRow.RUN] == 0:
            self.stopped_at = self.plant.now - self.life_timeout  # its life word has not been seen to change
        if self.lost_at == NEVER:
            self.connect(self.plant.now)
        self.look_ahead(self.plant.now)

    def close(self) -> None:
        if self.lost_at == NEVER:
            self.plant.put(self.plan.safe)

    def connect(self, now: int) -> None:
        """Exchanges begin, the safe values first; the controller's life word counts."""
        self.lost_at = NEVER
        host.set_link(self.plant.block, 1, now)
        host.set_life(self.plant.block, 1, now, now)
        self.begin(now)
        self.look_ahead(now)

    def begin(self, now: int) -> None:
        """Write the safe values, and what the controller left once they are there."""
        self.plant.put(self.plan.safe)
        self.held_until = self.arrival(self.exchange_after(now))

    def lose(self, now: int) -> None:
        """No exchange succeeds from now on; the PLC hears no life word."""
        if self.lost_at == NEVER:
            self.refresh(now)
            self.lost_at = now
            beat = host.exchange(self.plant.block, max(self.exchange_after(now) - 1, 0))[1]
            host.set_life(self.plant.block, 0, min(int(beat), now), now)
            host.set_link(self.plant.block, 0, now)
            self.look_ahead(now)

    def stop_plc(self, now: int) -> None:
        """The PLC is in STOP: its life word stands still."""
        self.stopped_at = now
        self.look_ahead(now)

    def start_plc(self, now: int) -> None:
        """The PLC is in RUN again, its blocks with their start values; so the safe values go out first."""
        self.stopped_at = NEVER
        if self.lost_at == NEVER:
            self.begin(now)
        self.look_ahead(now)

    def exchange_after(self, now: int) -> int:
        """Number of the first exchange that starts at or after `now`."""
        timing = self.plant.timing
        number = max((now - timing.start - timing.link_phase) // timing.link_cycle, 0)
        while host.exchange(self.plant.block, number)[0] < now:
            number += 1
        return number

    def arrival(self, number: int) -> int:
        """When the image of an exchange arrives."""
        return int(host.exchange(self.plant.block, number)[2])

    def look_ahead(self, now: int) -> None:
        """Find when the link does something of itself next: it notices a loss, or sends what it held back."""
        noticed = self.lost_at + self.timeout if self.lost_at != NEVER else NEVER
        silent = self.stopped_at + self.life_timeout if self.stopped_at != NEVER else NEVER
        held = self.held_until if self.held_until else NEVER
        self.next = min([time for time in (noticed, silent, held) if time > now], default=NEVER)

    def step(self, now: int) -> bool:
        """Do what is due; the controller should look at it."""
        self.look_ahead(now)
        return True

    def refresh(self, now: int) -> None:
        """Bring `image` to what the controller would see at `now`."""
        if self.held_until and now >= self.held_until:
            self.held_until = 0
            if self.outputs is not None:
                self.plant.put(self.outputs)
        if now >= self.lost_at + self.timeout:
            self.fail(f"{self.name}: no answer within {self.timeout / 1e9:g} s")
        elif now >= self.stopped_at + self.life_timeout:
            silence = f"its life word has not changed for {self.life_timeout / 1e9:g} s"
            self.fail(f"{self.name}: the PLC does not run ({silence})")
        elif self.lost_at == NEVER and self.plant.words[IMAGE_NUMBER] >= 0:
            self.take()

    def take(self) -> None:
        """Take the image of the newest exchange that has arrived."""
        data, image = self.plant.image(), self.image
        if data != image.data or not image.good:
            self.image = Image(data, self.plant.words[Header.IMAGE_TIME], True)

    def fail(self, cause: str) -> None:
        """The image may not be used."""
        if self.image.good or self.image.cause != cause:
            self.image = self.image._replace(good=False, cause=cause)

    def put(self, data: tuple[bytes, ...]) -> None:
        if data == self.outputs:
            return
        self.outputs = data
        if self.lost_at == NEVER and not self.held_until:
            self.plant.put(data)

    def lapse(self, max_age: int) -> int:
        if self.lost_at == NEVER:
            return NEVER
        return self.plant.words[Header.IMAGE_TIME] + max_age


class ProgramLink(PlcLink):
    """A PLC program's own memory: read at the beginning of its scan, written at its end."""

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, f"twin://{name}")
        self.plant = plant
        self.written: tuple[bytes, ...] = ()
        self.silent = False
        """The data blocks it writes stay as they are."""

    def open(self) -> None:
        """The memory is there from the start."""

    def close(self) -> None:
        """The memory stays as it is."""

    def take(self, now: int) -> None:
        """Read the memory."""
        data = tuple(map(self.plant.cut, self.plan.reads))
        if data != self.image.data or not self.image.good:
            self.image = Image(data, now, True)

    def put(self, data: tuple[bytes, ...]) -> None:
        if data != self.written:
            self.written = data
            for region, new in zip(self.plan.writes, data, strict=True):
                if not (self.silent and region.area is Area.DB):
                    self.plant.memory[self.plant.io.memory.span(region)] = new

    def lapse(self, max_age: int) -> int:
        return NEVER
