"""The search for a violated property: the undisturbed cell, its tour, each disturbance alone at each moment,
then random lists of disturbances, which Hypothesis shrinks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control.controller import Entry
from control.packml import State
from hil.campaign import CAMPAIGN
from hil.rig import SECONDS, Example, Rig
from hil.strategies import scenarios, singles
from plc_sim.scenario import Disturbance

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
"""What Hypothesis would object to: an example is a minute of a cell's life."""

TIMES = 3
"""How often a moment of the process is told apart: the first time, the second, the third."""

UNDISTURBED = 90.0
"""How long a cell is watched undisturbed to learn the moments of its process, in s."""


class Found(NamedTuple):
    """A failing example, the requirement it violates, and how many runs it took."""

    example: Example
    requirement: str
    runs: int


class Search:
    """All runs of one rig, counted."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.runs = rig, 0

    def fails(self, example: Example) -> str:
        """The requirement an example violates first, or empty."""
        simulation = self.rig.run(example)
        self.runs += 1
        CAMPAIGN.add(self.rig.name, simulation)
        return simulation.violations[0].requirement if simulation.violations else ""

    def first(self, examples: Iterable[Example]) -> Found | None:
        """The first example that fails."""
        for example in examples:
            if requirement := self.fails(example):
                return Found(example, requirement, self.runs)
        return None

    def random(
        self, search: settings | None, seeds: st.SearchStrategy[int], *, framed: bool = False
    ) -> Found | None:
        """A random example that fails, shrunk; `framed`: with faults of the PLC's connections."""
        found: list[Found] = []
        rig = self.rig
        lists = scenarios(
            rig.twin(Example(1)), every_moment(rig), 0.75 * SECONDS, rig.disturbances, framed=framed
        )

        @settings(search, deadline=None, suppress_health_check=SLOW)
        @given(seed=seeds, disturbances=lists)
        def look(seed: int, disturbances: tuple[Disturbance, ...]) -> None:
            example = Example(seed, disturbances)
            if requirement := self.fails(example):
                found.append(Found(example, requirement, found[0].runs if found else self.runs))
                raise Violated(requirement)

        try:
            look()
        except Violated:
            return self.fewest(found[-1])
        return None

    def fewest(self, found: Found) -> Found:
        """The same failure without the disturbances it does not need: each is left out once."""
        for needless in found.example.disturbances:
            left = tuple(one for one in found.example.disturbances if one is not needless)
            example = found.example._replace(disturbances=left)
            if self.fails(example) == found.requirement:
                found = found._replace(example=example)
        return found


class Violated(AssertionError):
    """Tells Hypothesis that an example fails."""


def alone(rig: Rig, seed: int = 1) -> Iterator[Example]:
    """Each disturbance alone, at each moment of the cell's process."""
    for disturbances in singles(rig.twin(Example(seed)), moments(rig, seed, 1), rig.disturbances):
        yield Example(seed, disturbances)


def moments(rig: Rig, seed: int = 1, times: int = TIMES) -> list[str]:
    """What a cell goes through undisturbed, as disturbances name it in `after`."""
    seen: dict[str, int] = {}

    def note(now: int, entries: list[Entry]) -> None:
        for _, name, value in entries:
            if name == "state" or isinstance(value, str) and "." not in name and name in sequences:
                seen[f"{name} {value}"] = seen.get(f"{name} {value}", 0) + 1

    simulation = rig.simulate(Example(seed))
    sequences = {sequence.name for sequence in simulation.cell.sequences_by_class.values()}
    simulation.add_sink(note)
    simulation.run(UNDISTURBED, until_violation=True)
    return [
        f"{moment} {count}" for moment, reached in seen.items() for count in range(1, min(reached, times) + 1)
    ]


def every_moment(rig: Rig) -> list[str]:
    """The moments of the undisturbed process, and each state."""
    return [*moments(rig), *(f"state {state.name} 1" for state in State)]
