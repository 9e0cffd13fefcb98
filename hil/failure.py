"""One page for a failure: what was done, what followed from what, a diagram, and a test to paste."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control.cell import Cell
from control.controller import Entry
from control.packml import State
from control.property import Violation
from control.step import guard_text
from hil.report import Lane, write_report
from plc_sim.components.component import Driver
from plc_sim.components.panel import Panel
from plc_sim.kernel.header import SignalRow
from plc_sim.plant import LOOKED_AT
from plc_sim.scenario import Disturbance
from plc_sim.simulation import Simulation

if TYPE_CHECKING:
    from hil.rig import Example, Rig

LAST = 12
"""How many links the chain of causes has."""

BEFORE, AFTER = 6.0, 1.0
"""What the diagram shows around the violation, in s."""

TOLD = frozenset({"state", "command", "alarm", "refused", "latched"})
"""Entries of the trace that the chain tells as they are."""

MOST_LANES = 18
"""How many lanes the diagram has at most."""


@dataclass(frozen=True)
class Failure:
    """A violated property with what led to it. Times in s from the start of virtual time."""

    cell: str
    path: Path
    example: Example
    violation: Violation
    time: float
    chain: tuple[str, ...]
    report: Path

    @property
    def seed(self) -> int:
        """The example's seed."""
        return self.example.seed

    @property
    def disturbances(self) -> tuple[Disturbance, ...]:
        """What was done."""
        return self.example.disturbances

    @property
    def done(self) -> list[str]:
        """What was done, in words."""
        if self.example.tour:
            return ["the scripted tour through every state"]
        return [str(disturbance) for disturbance in self.disturbances] or ["nothing: the cell was at work"]

    def page(self) -> str:
        """The whole failure as text."""
        return "\n".join(
            [
                f"{self.violation.requirement} violated at {self.time:.3f} s: {self.violation.text}",
                f"  in {self.cell} (seed {self.seed}), at that moment {self.violation.situation}",
                "",
                "what was done:",
                *(f"  {line}" for line in self.done),
                "",
                "what led to it:",
                *(f"  {line}" for line in self.chain),
                "",
                f"timing diagram: {self.report.as_uri()}",
                "",
                "to keep it as a test:",
                *(f"    {line}".rstrip() for line in self.regression().splitlines()),
            ]
        )

    def regression(self) -> str:
        """A pytest function that repeats the failure."""
        if self.example.tour:
            return f"# test_tour of {self.cell} repeats it\n"
        name = self.violation.requirement.lower().replace("-", "_")
        calls = "".join(f"\n            {disturbance.call()}," for disturbance in self.disturbances)
        lasts = (
            ""
            if self.example.seconds == type(self.example)(1).seconds
            else (f"\n        seconds={self.example.seconds:g},")
        )
        given = f"[{calls}\n        ]" if calls else "[]"
        return (
            "from hil import Disturbance, check_scenario\n\n\n"
            f"def test_{name}_seed_{self.seed}() -> None:\n"
            f'    check_scenario(\n        "{self.path.name}",\n        {given},\n'
            f"        seed={self.seed},{lasts}\n    )\n"
        )


class Watcher:
    """Writes down every edge of every signal of the plant."""

    def __init__(self, simulation: Simulation) -> None:
        self.plant = simulation.twin.plant
        self.words = {
            name: offset + SignalRow.VISIBLE for name, offset in self.plant.layout.signal_offsets.items()
        }
        self.lanes: dict[str, list[tuple[int, Any]]] = {
            name: [(self.plant.now, bool(self.plant.words[word]))] for name, word in self.words.items()
        }
        for offset in self.plant.layout.signal_offsets.values():
            self.plant.words[offset + SignalRow.WATCHED] |= LOOKED_AT
        simulation.twin.observer = self.look

    def look(self, now: int) -> None:
        """Note what has changed."""
        for name, word in self.words.items():
            value = bool(self.plant.words[word])
            if value is not self.lanes[name][-1][1]:
                self.lanes[name].append((now, value))


class Chronicle:
    """A sink that tells what happens in a simulation, in words, with what led to it."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.entries: list[Entry] = []
        self.told: list[tuple[int, str]] = []
        self.firings = 0
        self.entered: dict[str, int] = {}

    def __call__(self, now: int, entries: list[Entry]) -> None:
        self.entries.extend(entries)
        for time, name, value in entries:
            if name in TOLD:
                self.told.append((time, f"{name} {value}"))
        history = self.simulation.history or []
        for time, name, old, new, bits in history[self.firings :]:
            self.told.append((time, self.firing(time, name, old, new, bits)))
        self.firings = len(history)
        for time, name, _ in entries:
            self.entered[name] = time

    def firing(self, now: int, name: str, old: str, new: str, bits: int) -> str:
        """One row that fired: what had been waited for, how long, and what had changed."""
        cell = self.simulation.cell
        sequence = next(s for s in cell.sequences_by_class.values() if s.name == name)
        step = next(step for step in sequence.steps if step.name == old)
        waited = f" after {(now - self.entered[name]) / 1e9:.2f} s" if name in self.entered else ""
        bits &= ~sequence.runner.bit
        changed = [text() for bit, text in readings(cell).items() if bits & bit]
        because = f" [{', '.join(changed)}]" if changed else ""
        return f"{name}: {old} -> {new}{waited}: {guard_text(type(sequence), step.to[new])}{because}"

    def last(self, violation: Violation) -> tuple[str, ...]:
        """The last links of the chain, up to the violation."""
        disturber = self.simulation.twin.disturber
        done = [(time, disturbance.what) for time, disturbance in disturber.done]
        links = sorted([*done, *self.told], key=lambda link: (link[0], link[1].startswith("state ")))
        before = [link for link in links if link[0] <= violation.time][-LAST:]
        origin = self.simulation.twin.timing.start
        lines = [f"{(time - origin) / 1e9:9.3f} s  {text}" for time, text in before]
        return (*lines, f"{(violation.time - origin) / 1e9:9.3f} s  {violation.requirement} VIOLATED")


def explain(rig: Rig, example: Example) -> Failure | None:
    """Run an example again with everything written down; None if no property is violated."""
    simulation = rig.simulate(example, history=[])
    watcher, chronicle = Watcher(simulation), Chronicle(simulation)
    simulation.add_sink(chronicle)
    rig.play(simulation, example)
    if not simulation.violations:
        return None
    violation = simulation.violations[0]
    origin = simulation.twin.timing.start
    name = f"{rig.name}-{violation.requirement}-{example.seed}.html"
    report = (Path(".cellwright") / "reports" / name).resolve()
    time = (violation.time - origin) / 1e9
    failure = Failure(rig.name, rig.project.path, example, violation, time, chronicle.last(violation), report)
    done = [((begin - origin) / 1e9, disturbance) for begin, disturbance in simulation.twin.disturber.done]
    write_report(report, failure, choose_lanes(chronicle, watcher, time), done)
    return failure


def readings(cell: Cell) -> dict[int, Callable[[], str]]:
    """What each bit of a cell's scan stands for, with its value at the moment of asking."""

    def tag(block: Any, name: str, path: str) -> Callable[[], str]:
        return lambda: f"{path} is {in_words(getattr(block, name))}"

    found: dict[int, Callable[[], str]] = {}
    for slot in cell.slots.values():
        block = getattr(cell, slot.name)
        for entry in (*slot.bound.tags.values(), *slot.bound.comparisons):
            found[entry.bit] = tag(block, entry.name, f"{slot.name}.{entry.name}")
    for sequence in cell.sequences_by_class.values():
        found[sequence.runner.bit] = lambda s=sequence: f"{s.name} is in {s.step}"
        for name, timer in sequence.blocks.items():
            found[timer._bit] = lambda text=f"{sequence.name}.{name}": f"{text} has elapsed"
        for name, (_, bit) in sequence._state.items():
            found[bit] = lambda text=f"{sequence.name}.{name}": f"{text} changed"
    for name, (_, bit) in cell._state.items():
        found[bit] = lambda name=name: f"{name} is {in_words(getattr(cell, name))}"
    for device in cell.devices.values():
        for field, bit in device._field_bits.items():
            found[bit] = lambda text=f"{device.name}.{field}": f"{text} changed"
    for name, bit in cell._scan.durable_bits.items():
        found[bit] = lambda name=name: f"{name} was saved"
    return found


def in_words(value: Any) -> str:
    """A value of the cell: on and off for bits."""
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def span_of(time: float) -> tuple[float, float]:
    """What the diagram of a violation at `time` shows, in s."""
    return max(time - BEFORE, 0.0), time + AFTER


def choose_lanes(chronicle: Chronicle, watcher: Watcher, time: float) -> list[Lane]:
    """The lanes of the diagram: the state, the steps, the orders to devices, then the plant's signals that
    change in its span; lamps are left out.
    """
    simulation = chronicle.simulation
    cell, origin = simulation.cell, simulation.twin.timing.start
    names = ["state", *(s.name for s in cell.sequences_by_class.values()), *cell.devices]
    lamps = {
        signal.path
        for part in simulation.twin.components.values()
        if isinstance(part, Panel)
        for signal in part.signals()
        if signal.driver is Driver.PLC
    }
    lanes = {name: [(t, v) for t, n, v in chronicle.entries if n == name] for name in names}
    lanes["state"].insert(0, (origin, State.STOPPED.name))
    lanes |= {name: points for name, points in watcher.lanes.items() if name not in lamps}
    first, last = span_of(time)
    all_of_them = [Lane(name, [((t - origin) / 1e9, v) for t, v in points]) for name, points in lanes.items()]
    chosen = [lane for lane in all_of_them if lane.name == "state" or lane.changes(first, last)]
    return [lane.cut(first, last) for lane in chosen[:MOST_LANES]]
