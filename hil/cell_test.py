"""Property tests of a whole cell: a tour through every state, a search among disturbances, and the oracle for
skipping.

`TestPick = cell_test("cell.toml")` gives a pytest class. A failure is shrunk by Hypothesis to the fewest
disturbances and ends in one page: what was done, what followed from what, a diagram, and a test to paste.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from control.cell import Cell
from control.packml import State
from control.project import load_project
from control.property import Property
from hil.campaign import CAMPAIGN
from hil.failure import explain
from hil.rig import SECONDS, Example, Rig
from hil.strategies import scenarios
from plc_sim.scenario import Disturbance
from plc_sim.simulation import Simulation

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
"""What Hypothesis would object to: an example is a minute of a cell's life."""


class CellTest:
    """Base of the classes `cell_test` makes. pytest runs its methods."""

    rig: ClassVar[Rig]
    search: ClassVar[settings | None] = None
    """How the search is done, if not by Hypothesis's present profile."""
    seeds: ClassVar[st.SearchStrategy[int]] = st.integers(1, 1_000)

    def test_tour(self) -> None:
        """The cell goes through every state it has, and every property holds on the way."""
        example = Example(1, tour=True)
        simulation = self.rig.simulate(example)
        stuck = self.rig.play(simulation, example)
        CAMPAIGN.add(self.rig.name, simulation)
        if simulation.violations:
            self.report(example)
        assert not stuck, stuck
        missed = (
            simulation.cell.packml.states
            - {State[name] for name in simulation.states.visits}
            - {State.STOPPED}
        )
        assert not missed, f"the tour did not reach {', '.join(sorted(state.name for state in missed))}"

    def test_disturbed(self) -> None:
        """Whatever is done to the cell, every property holds, and it can be brought back to IDLE."""
        failed: list[Example] = []
        template = self.rig.twin(Example(1))

        @settings(self.search, deadline=None, suppress_health_check=SLOW)
        @given(seed=self.seeds, disturbances=scenarios(template, 0.75 * SECONDS))
        def search(seed: int, disturbances: tuple[Disturbance, ...]) -> None:
            example = Example(seed, disturbances)
            simulation = self.rig.run(example)
            CAMPAIGN.add(self.rig.name, simulation)
            if simulation.violations:
                failed.append(example)
                note(str(simulation.violations[0]))
                raise AssertionError(simulation.violations[0].requirement)

        try:
            search()
        except AssertionError as error:
            if not failed:
                raise
            self.report(failed[-1])
            raise AssertionError("the failure did not repeat; the run is not deterministic") from error

    def test_skipping(self) -> None:
        """Leaving out scans, logic and polls changes nothing: equal traces, equal polls."""
        for seed in (1, 2, 3):
            runs = [self.rig.run(Example(seed), every_scan=every_scan) for every_scan in (False, True)]
            for simulation in runs:
                for line in simulation.twin.lines.values():
                    line.catch_up(simulation.twin.now())
            first, second = ((s.hash.hexdigest(), polls(s)) for s in runs)
            assert first == second, (
                f"seed {seed}: leaving out empty scans changed the trace: {first} {second}"
            )

    def report(self, example: Example) -> None:
        """Run a failing example again, explain it, and fail with its page."""
        failure = explain(self.rig, example)
        if failure is not None:
            raise CellFailure(failure.page()) from None


class CellFailure(AssertionError):
    """A property of a cell was violated; the text is the page."""


def polls(simulation: Simulation) -> dict[str, tuple[int, int]]:
    """Number of status polls per line, and the sum of their instants."""
    return {
        name: (line.session.polls, line.session.poll_instants) for name, line in simulation.twin.lines.items()
    }


def cell_test(
    path: str | Path,
    *,
    properties: Iterable[Property] | None = None,
    controller: type[Cell] | None = None,
    search: settings | None = None,
) -> type[CellTest]:
    """A pytest class for the cell of a cell.toml. Properties default to those the project names.

    A relative `path` counts from the working directory.
    """
    rig = Rig(load_project(path), properties, controller)
    members = {"rig": rig, "search": search, "__doc__": f"The cell {rig.name}."}
    return type(f"Test_{rig.name}", (CellTest,), members)


def check_scenario(
    path: str | Path,
    disturbances: Sequence[Disturbance],
    *,
    seed: int,
    properties: Iterable[Property] | None = None,
    controller: type[Cell] | None = None,
) -> None:
    """Run one list of disturbances; fail with the page if a property does not hold."""
    rig = Rig(load_project(path), properties, controller)
    failure = explain(rig, Example(seed, tuple(disturbances)))
    if failure is not None:
        raise CellFailure(failure.page())
