"""What all searches of one process have seen: visits per state, how often each property was armed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from plc_sim.simulation import Simulation


class Campaign:
    """Counts over all examples, per cell."""

    def __init__(self) -> None:
        self.examples: Counter[str] = Counter()
        self.visits: dict[str, Counter[str]] = {}
        self.armed: dict[str, Counter[str]] = {}
        self.seconds: Counter[str] = Counter()

    def add(self, cell: str, simulation: Simulation) -> None:
        """Count one run."""
        simulation.note_armed()
        self.examples[cell] += 1
        self.visits.setdefault(cell, Counter()).update(simulation.states.visits)
        self.armed.setdefault(cell, Counter()).update(simulation.armed)
        self.seconds[cell] += round((simulation.twin.now() - simulation.twin.timing.start) / 1e9)

    def data(self) -> dict[str, Any]:
        """The counts as plain data, for another process."""
        return {
            cell: [runs, self.seconds[cell], dict(self.visits[cell]), dict(self.armed[cell])]
            for cell, runs in self.examples.items()
        }

    def take(self, data: dict[str, Any]) -> None:
        """Add the counts of another process."""
        for cell, (runs, seconds, visits, armed) in data.items():
            self.examples[cell] += runs
            self.seconds[cell] += seconds
            self.visits.setdefault(cell, Counter()).update(visits)
            self.armed.setdefault(cell, Counter()).update(armed)

    def lines(self) -> list[str]:
        """The campaign in words."""
        text = []
        for cell, examples in self.examples.items():
            visits = ", ".join(f"{name} {count}" for name, count in self.visits[cell].most_common())
            armed = ", ".join(f"{name} {count}" for name, count in sorted(self.armed[cell].items()))
            never = [name for name, count in self.armed[cell].items() if not count]
            text.append(f"{cell}: {examples} runs, {self.seconds[cell] / 3600:.1f} virtual hours")
            text.append(f"  visits per state: {visits}")
            text.append(f"  properties armed: {armed}")
            if never:
                text.append(f"  NEVER ARMED: {', '.join(sorted(never))}")
        return text


CAMPAIGN = Campaign()
"""The campaign of this process."""
