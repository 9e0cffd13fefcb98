"""Property tests of a whole cell: a tour through every state, a search among disturbances, and the oracle for
skipping.

`TestPick = cell_test("cell.toml")` gives a pytest class. A failure is shrunk by Hypothesis to the fewest
disturbances and ends in one page: what was done, what followed from what, a diagram, and a test to paste.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st

from control.cell import Cell
from control.packml import State
from control.project import load_project
from control.property import Property
from hil.campaign import CAMPAIGN
from hil.failure import explain
from hil.rig import SECONDS, Example, Rig, beside
from hil.search import UNDISTURBED, Found, Search, alone
from plc_sim.scenario import Disturbance
from plc_sim.simulation import Simulation

FRAMED_SHARE = 8
"""For so many examples that exchange images there is one that exchanges frames."""


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
            self.report(Found(example, simulation.violations[0].requirement, 1))
        assert not stuck, f"the tour {stuck}"
        reached = {State[name] for name in simulation.states.visits}
        missed = sorted(state.name for state in simulation.cell.packml.states - reached - {State.STOPPED})
        assert not missed, f"the tour did not reach {', '.join(missed)}"

    def test_undisturbed(self) -> None:
        """The cell at work: every property holds, and it can be stopped and made ready again."""
        self.report(Search(self.rig).first(Example(seed, seconds=UNDISTURBED) for seed in (1, 2)))

    def test_alone(self) -> None:
        """Each disturbance alone, at the moments of the process; a part of them, as many as the search may
        try.
        """
        most = (self.search or settings()).max_examples
        self.report(Search(self.rig).first(islice(alone(self.rig), most)))

    def test_disturbed(self) -> None:
        """Whatever is done to the cell, every property holds, and it can be brought back to IDLE."""
        self.report(Search(self.rig).random(self.search, self.seeds))

    def test_connections(self) -> None:
        """With S7 frames and whatever is wrong with the PLC's connections the same holds; fewer examples, as
        frames take longer.
        """
        usual = self.search or settings()
        few = settings(usual, max_examples=max(usual.max_examples // FRAMED_SHARE, 1))
        self.report(Search(self.rig).random(few, self.seeds, framed=True))

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

    def report(self, found: Found | None) -> None:
        """Run a failing example again, explain it, and fail with its page."""
        if found is None:
            return
        failure = explain(self.rig, found.example)
        assert failure is not None, f"{found} did not repeat; the run is not deterministic"
        raise CellFailure(failure.page()) from None


class CellFailure(AssertionError):
    """A property of a cell was violated; the text is the page."""


def polls(simulation: Simulation) -> dict[str, tuple[int, int]]:
    """Number of status polls per line, and the sum of their instants."""
    return {
        name: (line.session.polls, line.session.poll_instants) for name, line in simulation.twin.lines.items()
    }


def caller() -> Path:
    """The folder of the file that called the function that asks."""
    return Path(sys._getframe(2).f_code.co_filename).parent


def cell_test(
    path: str | Path,
    *,
    properties: Iterable[Property] | None = None,
    controller: type[Cell] | None = None,
    disturbances: Iterable[Disturbance] = (),
    search: settings | None = None,
) -> type[CellTest]:
    """A pytest class for the cell of a cell.toml, as `TestPick = cell_test("cell.toml")`.

    A relative `path` is looked for beside the caller's file and above it. Properties default to those the
    project names; `disturbances` are done besides those of every kind and target there is, at times the
    search chooses.
    """
    rig = Rig(load_project(beside(path, caller())), properties, controller, disturbances)
    members = {"rig": rig, "search": search, "__doc__": f"The cell {rig.name}."}
    return type(f"Test_{rig.name}", (CellTest,), members)


def check_scenario(
    path: str | Path,
    disturbances: Sequence[Disturbance],
    *,
    seed: int,
    seconds: float = SECONDS,
    properties: Iterable[Property] | None = None,
    controller: type[Cell] | None = None,
) -> None:
    """Run one list of disturbances; fail with the page if a property does not hold. `path` as in
    `cell_test`.
    """
    rig = Rig(load_project(beside(path, caller())), properties, controller)
    failure = explain(rig, Example(seed, tuple(disturbances), seconds=seconds))
    if failure is not None:
        raise CellFailure(failure.page())
