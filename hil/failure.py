"""One page for a failure: what was done, what followed from what, a diagram, and a test to paste."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control.cell import Cell
from control.property import Violation
from hil.report import Lane, write_report
from plc_sim.kernel.header import SignalRow
from plc_sim.scenario import Disturbance
from plc_sim.simulation import Simulation

if TYPE_CHECKING:
    from hil.rig import Example, Rig

LAST = 10
"""How many transitions the chain of causes shows."""

BEFORE, AFTER = 8.0, 1.0
"""What the diagram shows around the violation, in s."""


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

    def page(self) -> str:
        """The whole failure as text."""
        done = [f"  {disturbance}" for disturbance in self.disturbances] or ["  nothing"]
        return "\n".join(
            [
                f"{self.violation.requirement} violated at {self.time:.3f} s: {self.violation.text}",
                f"  in {self.cell}, seed {self.seed}, at that moment {self.violation.situation}",
                f"what was done ({len(self.disturbances)}):",
                *done,
                "what led to it:",
                *(f"  {line}" for line in self.chain),
                f"diagram: {self.report}",
                "to keep it as a test:",
                *(f"    {line}" for line in self.regression().splitlines()),
            ]
        )

    def regression(self) -> str:
        """A pytest function that repeats the failure."""
        if self.example.tour:
            return f"# the scripted tour: {self.cell}'s test_tour repeats it\n"
        name = self.violation.requirement.lower().replace("-", "_")
        calls = "".join(f"            {disturbance.call()},\n" for disturbance in self.disturbances)
        return (
            "from hil import Disturbance, check_scenario\n\n\n"
            f"def test_{name}_seed_{self.seed}() -> None:\n"
            f'    check_scenario(\n        "{self.path.name}",\n        [\n{calls}        ],\n'
            f"        seed={self.seed},\n    )\n"
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
            self.plant.words[offset + SignalRow.WATCHED] = 1
        simulation.twin.observer = self.look

    def look(self, now: int) -> None:
        """Note what has changed."""
        for name, word in self.words.items():
            value = bool(self.plant.words[word])
            if value is not self.lanes[name][-1][1]:
                self.lanes[name].append((now, value))


def explain(rig: Rig, example: Example) -> Failure | None:
    """Run an example again with everything written down; None if no property is violated."""
    simulation = rig.simulate(example, history=[])
    watcher = Watcher(simulation)
    entries: list[tuple[int, str, Any]] = []
    simulation.add_sink(lambda now, fresh: entries.extend(fresh))
    rig.play(simulation, example)
    if not simulation.violations:
        return None
    violation = simulation.violations[0]
    origin = simulation.twin.timing.start
    report = Path(".cellwright") / "reports" / f"{rig.name}-{violation.requirement}-{example.seed}.html"
    time = (violation.time - origin) / 1e9
    failure = Failure(
        rig.name, rig.project.path, example, violation, time, chain(simulation, violation, origin), report
    )
    done = [((begin - origin) / 1e9, disturbance) for begin, disturbance in simulation.twin.disturber.done]
    write_report(report, failure, choose_lanes(entries, watcher, violation, origin), done)
    return failure


def chain(simulation: Simulation, violation: Violation, origin: int) -> tuple[str, ...]:
    """The last transitions before the violation, each with what led to it."""
    names = names_of(simulation.cell)
    lines = []
    for now, sequence, old, new, bits in simulation.history or []:
        if now <= violation.time:
            because = [name for bit, name in names.items() if bits & bit]
            cause = f"{', '.join(because)} changed" if because else "its time had come"
            lines.append(f"{(now - origin) / 1e9:9.3f} s  {sequence}: {old} -> {new}, since {cause}")
    return tuple(lines[-LAST:])


def names_of(cell: Cell) -> dict[int, str]:
    """What each bit of a cell's scan stands for."""
    names = {tag.bit: tag.path for slot in cell.slots.values() for tag in slot.bound.tags.values()}
    names |= {c.bit: c.path for slot in cell.slots.values() for c in slot.bound.comparisons}
    for sequence in cell.sequences_by_class.values():
        names[sequence.runner.bit] = f"{sequence.name}'s step"
        names |= {bit: f"{sequence.name}.{name}" for name, (_, bit) in sequence._state.items()}
        names |= {block._bit: f"{sequence.name}.{name}" for name, block in sequence.blocks.items()}
    names |= {bit: name for name, (_, bit) in cell._state.items()}
    names |= {bit: f"the {name}" for name, (_, bit) in cell.packml._state.items()}
    for device in cell.devices.values():
        names |= {bit: f"{device.name}.{field}" for field, bit in device._field_bits.items()}
    names[cell._scan.durable_bit] = "what is saved"
    return names


def choose_lanes(
    entries: list[tuple[int, str, Any]], watcher: Watcher, violation: Violation, origin: int
) -> list[Lane]:
    """The lanes of the diagram: state, sequences, then all outputs and signals that change in its span."""
    first, last = (violation.time - origin) / 1e9 - BEFORE, (violation.time - origin) / 1e9 + AFTER
    names = list(dict.fromkeys(name for _, name, _ in entries))
    texts = [
        n for n in names if n == "state" or "." not in n and n not in ("command", "refused", "note", "alarm")
    ]
    lanes = [Lane(name, points_of(entries, name, origin)) for name in texts]
    lanes += [
        Lane(name, points_of(entries, name, origin))
        for name in names
        if "." in name and "property" not in name
    ]
    signals = [
        Lane(name, [((t - origin) / 1e9, v) for t, v in points]) for name, points in watcher.lanes.items()
    ]
    changing = [lane for lane in signals if any(first <= time <= last for time, _ in lane.points[1:])]
    return [lane.cut(first, last) for lane in [*lanes, *changing] if lane.shown(first, last)]


def points_of(entries: list[tuple[int, str, Any]], name: str, origin: int) -> list[tuple[float, Any]]:
    """The changes of one name of the trace, in s."""
    return [((time - origin) / 1e9, value) for time, entry, value in entries if entry == name]
