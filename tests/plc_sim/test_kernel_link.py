"""The link: what a controller sees and when it wakes, against a slow model of every exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from control.block import DataBlock, Slot, reads, writes
from control.tag import Bool, Int, Real
from plc_sim.components.belt import Belt
from plc_sim.components.panel import Panel, button
from plc_sim.components.pneumatic import Cylinder
from plc_sim.kernel import host
from plc_sim.kernel.header import Header
from plc_sim.plant import Cause, Plant, Timing
from plc_sim.plc import Plc

MS = 1_000_000
SEEDS = 50
Event = tuple[int, str, bool]
Image = tuple[bytes, ...]


class Seen(DataBlock):
    a = Bool("0.0")
    b = Bool("0.1")
    c = Bool("5.7")
    speed = Int("6", raw=(0, 20000), low=0.0, high=1.0, unit="m/s")
    fast = speed.above(0.31)
    crawling = speed.below(0.05)
    stroke = Real("10")
    far = stroke.above(0.9)
    tripped = Bool("14.0")


class Orders(DataBlock):
    run = Bool("0.0")
    out = Bool("0.1")
    back = Bool("1.7")


class Echo(DataBlock):
    run = Bool("0.0")
    back = Bool("1.7")


class Interface:
    seen = reads("plc", Seen, db=1)
    echo = reads("plc", Echo, db=2)
    orders = writes("plc", Orders, db=2)


def bind() -> None:
    bit = 0
    for slot in vars(Interface).values():
        if isinstance(slot, Slot):
            bit += slot.bind(bit)


bind()
TAGS = {
    **{name: (0, getattr(Interface.seen, name)) for name in (*Seen.tags, "fast", "crawling", "far")},
    **{f"echo.{name}": (1, getattr(Interface.echo, name)) for name in Echo.tags},
}


class Desk(Panel):
    a = button()
    b = button()
    c = button()


def make_plant(timing: Timing, cycle: float) -> Plant:
    belt, desk, cylinder = (
        Belt(length=1.0, acceleration=1.0),
        Desk(),
        Cylinder(extend_time=0.2, retract_time=0.15),
    )
    seen, orders = Interface.seen, Interface.orders
    plc = Plc(
        desk.a >> seen.a,
        desk.b >> seen.b,
        desk.c >> seen.c,
        belt.speed_actual >> seen.speed,
        cylinder.position >> seen.stroke,
        Plc.tripped >> seen.tripped,
        orders.run >> belt.run,
        orders.out >> cylinder.extend,
        orders.back >> cylinder.retract,
        cycle=cycle,
        life_timeout=100.0,
    )
    plant = Plant(
        {"belt": belt, "desk": desk, "cylinder": cylinder}, plc, timing=timing, seed=5, controller=Interface
    )
    host.set_life(plant.block, 1, plant.now, plant.now)
    return plant


@dataclass(frozen=True)
class Step:
    """Orders `orders`, then waits until `tag` is above 0.4, or is not, or for `limit` scans."""

    tag: str
    value: bool
    limit: int
    orders: int


class Sequence:
    """A controller whose scan depends on nothing but the tag its step reads and the step's time."""

    def __init__(self, steps: list[Step], period: int) -> None:
        self.steps, self.period = steps, period
        self.number, self.entered = 0, 0
        self.trace: list[tuple[int, int, int]] = []
        self.images: dict[int, tuple[Image, int]] = {}

    @property
    def step(self) -> Step:
        return self.steps[self.number % len(self.steps)]

    def due(self) -> int:
        return self.entered + self.step.limit * self.period

    def reads(self) -> int:
        return TAGS[self.step.tag][1].bit

    def scan(self, now: int, image: Image, asked: int) -> bytes | None:
        """One scan; the outputs if it acted."""
        self.images[now] = image, asked
        if not self.trace:
            self.entered = now
        elif now < self.due() and not self._arrived(image):
            return None
        else:
            self.number, self.entered = self.number + 1, now
        self.trace.append((now, self.number, self.step.orders))
        orders = self.step.orders
        return bytes((orders & 3, (orders & 4) << 5))

    def _arrived(self, image: Image) -> bool:
        region, tag = TAGS[self.step.tag]
        return (tag.decode(image[region]) > 0.4) == self.step.value


def run_skipping(plant: Plant, sequence: Sequence, events: list[Event], end: int, draw: Random) -> None:
    often = draw.random() < 0.5
    host.set_link(plant.block, 1, plant.now)
    plant.wait(host.scan_instant(plant.block, 0), 0)
    for until, name, value in [*events, (end, "", False)]:
        while True:
            plant.advance(until)
            if not plant.cause & Cause.SCAN:
                break
            now = plant.now
            outputs = sequence.scan(now, plant.image(), plant.words[Header.IMAGE_TIME])
            if outputs is not None:
                plant.put((outputs,))
            due = now + 1 if outputs is not None else sequence.due()
            if often:
                due = min(due, now + draw.randint(1, 8) * sequence.period)
            plant.wait(max(due, now + 1), sequence.reads())
            if plant.cause & Cause.UNTIL:
                break
        act(plant, name, value)


def act(plant: Plant, name: str, value: bool) -> None:
    if name == "link":
        host.set_link(plant.block, int(value), plant.now)
    elif name == "run":
        host.set_run(plant.block, int(value), plant.now)
    elif name:
        plant.set(name, value)


class EveryExchange:
    """The slow model: takes part in each exchange and each scan in the order of their times."""

    def __init__(self, plant: Plant, sequence: Sequence, events: list[Event], end: int) -> None:
        self.plant, self.sequence, self.events, self.end = plant, sequence, events, end
        self.on, self.since = True, plant.now
        self.images: list[tuple[int, int, Image]] = []
        self.puts: list[tuple[int, bytes]] = []

    def run(self) -> None:
        for time, order, number in sorted(self.moments()):
            self.plant.advance(time)
            if order == 0:
                self.access(number)
            elif order == 1:
                self.scan(time)
            else:
                self.event(self.events[number])

    def moments(self) -> Iterator[tuple[int, int, int]]:
        block, k = self.plant.block, 0
        while (access := host.exchange(block, k)[1]) <= self.end:
            yield access, 0, k
            k += 1
        j = 0
        while (scan := host.scan_instant(block, j)) <= self.end:
            yield scan, 1, j
            j += 1
        yield from ((time, 2, number) for number, (time, _, _) in enumerate(self.events))

    def access(self, k: int) -> None:
        start, access, arrival = host.exchange(self.plant.block, k)
        if not self.on or start < self.since:
            return
        ready = [data for time, data in self.puts if time <= start]
        if ready:
            self.puts = [(time, data) for time, data in self.puts if time > start]
            span = self.plant.io.memory.span(self.plant.io.writes[0])
            self.plant.memory[span] = ready[-1]
            host.memory_written(self.plant.block, access + 1)
        host.refresh_memory(self.plant.block, access)
        self.images.append((arrival, start, tuple(map(self.plant.cut, self.plant.io.reads))))

    def scan(self, now: int) -> None:
        arrived = [image for image in self.images if image[0] <= now]
        _, asked, data = (
            arrived[-1] if arrived else (0, 0, tuple(bytes(region.size) for region in self.plant.io.reads))
        )
        outputs = self.sequence.scan(now, data, asked)
        if outputs is not None and self.on:
            self.puts.append((now, outputs))

    def event(self, event: Event) -> None:
        time, name, value = event
        if name == "link" and value == self.on:
            return
        if name == "link":
            self.puts = []
            self.images = [image for image in self.images if image[0] <= time]
            self.on, self.since = value, time
        else:
            act(self.plant, name, value)


def random_timing(draw: Random) -> Timing:
    return on_one_grid(draw) if draw.random() < 0.3 else off_any_grid(draw)


def on_one_grid(draw: Random) -> Timing:
    """Everything happens at the same few instants again and again."""
    plc, link, scan = (2 * MS * draw.randrange(5) for _ in range(3))
    delay = draw.choice((2, 4, 8)) * MS
    return Timing(plc_phase=plc, link_phase=link, scan_phase=scan, link_delay=(delay, delay))


def off_any_grid(draw: Random) -> Timing:
    cycle = draw.choice((2 * MS, 6 * MS, 10 * MS, 24 * MS, draw.randint(2 * MS, 25 * MS)))
    low = draw.choice((2, cycle // 2 // MS * MS, draw.randint(2, cycle // 2)))
    high = draw.choice((low, draw.randint(low, cycle - 1)))
    period = draw.choice((10 * MS, draw.randint(3 * MS, 20 * MS)))
    return Timing(
        plc_phase=draw.choice((0, draw.randint(0, 9) * MS, draw.randint(0, 12 * MS))),
        link_phase=draw.choice((draw.randint(0, 20) * MS, draw.randint(0, 20 * MS))),
        link_cycle=cycle,
        link_jitter=draw.choice((1, draw.randint(1, cycle - high))),
        link_delay=(low, high),
        scan_phase=draw.choice((draw.randint(0, 20) * MS, draw.randint(0, 20 * MS))),
        scan_period=period,
        scan_lateness=draw.choice((1, draw.randint(1, period - 1))),
    )


def random_steps(draw: Random, tags: list[str]) -> list[Step]:
    return [
        Step(draw.choice(tags), draw.random() < 0.5, draw.choice((2, 5, 20, 40)), draw.randint(0, 7))
        for _ in range(draw.randint(2, 8))
    ]


def random_events(draw: Random, names: tuple[str, ...]) -> list[Event]:
    times = sorted(draw.sample(range(1, 1900 * MS), draw.choice((0, 5, 40))))
    return [(1_000_000_007 + time, draw.choice(names), draw.random() < 0.5) for time in times]


def compare(draw: Random, tags: list[str], names: tuple[str, ...]) -> None:
    timing, cycle = random_timing(draw), draw.choice((0.001, 0.0047, 0.01))
    compare_runs(draw, timing, cycle, random_steps(draw, tags), random_events(draw, names))


def compare_runs(draw: Random, timing: Timing, cycle: float, steps: list[Step], events: list[Event]) -> None:
    end = timing.start + 2000 * MS
    skipping, every = (Sequence(steps, timing.scan_period) for _ in range(2))
    run_skipping(make_plant(timing, cycle), skipping, events, end, draw)
    EveryExchange(make_plant(timing, cycle), every, events, end).run()
    assert skipping.trace == every.trace
    for now, seen in skipping.images.items():
        assert seen == every.images[now], now - timing.start


DIGITAL = ["a", "b", "c", "echo.run", "echo.back"]
ANALOGUE = ["fast", "crawling", "crawling", "far", "speed", "a", "b"]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_skipped_scans_and_exchanges_change_nothing(seed: int) -> None:
    compare(Random(seed), DIGITAL, ("desk.a", "desk.b", "desk.c"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nor_where_the_controller_waits_for_analogue_values(seed: int) -> None:
    compare(Random(seed), ANALOGUE, ("desk.a", "link"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nor_with_a_lost_link_and_a_stopped_plc(seed: int) -> None:
    compare(Random(seed), [*TAGS], ("desk.a", "desk.b", "link", "run"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nor_while_a_speed_dithers_about_a_limit(seed: int) -> None:
    draw = Random(seed)
    timing = Timing(link_cycle=2 * MS, link_delay=(2, MS), scan_period=draw.randint(2, 6) * MS)
    waits = [Step("crawling", draw.random() < 0.5, draw.choice((2, 5)), draw.randint(0, 1)) for _ in range(3)]
    toggles = [Step("a", False, 2, draw.randint(0, 1)) for _ in range(6)]
    compare_runs(draw, timing, 0.007, draw.sample([*waits, *toggles], 9), [])
