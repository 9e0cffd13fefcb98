"""A cell's project ready to be simulated again and again, one `Example` after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from control.cell import Cell
from control.packml import State
from control.project import Project
from control.property import Property
from hil.tour import tour
from plc_sim.scenario import Attendance, Disturbance, Scenario
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin, twin_class

SECONDS, LONGEST, AFTERWARDS = 40.0, 110.0, 20.0
"""Virtual time of one example, in s; how long a disturbance may wait for its moment, and what comes after
that.
"""

RECOVERY = 60.0
"""How long the way back to IDLE may take once nothing disturbs any more, in s."""

RETURN = "return"
"""What has `happened` once the operator presses only what leads back to IDLE."""


def beside(path: str | Path, start: Path) -> Path:
    """A file named relative to a folder or one above it; relative to the working directory if it is in none
    of them.
    """
    return next(
        (found for folder in (start, *start.parents) if (found := folder / path).is_file()), Path(path)
    )


class Example(NamedTuple):
    """What is done in one run: disturbances with an operator who recovers, or the tour."""

    seed: int
    disturbances: tuple[Disturbance, ...] = ()
    tour: bool = False
    seconds: float = SECONDS

    def scenario(self) -> Scenario:
        """The example as a scenario."""
        return Scenario("example", self.disturbances, Attendance.NONE if self.tour else Attendance.RECOVERS)


class Rig:
    """A project with its twin, controller and properties, and the disturbances its user adds to the kinds
    there are.
    """

    def __init__(
        self,
        project: Project,
        properties: Iterable[Property] | None = None,
        controller: type[Cell] | None = None,
        disturbances: Iterable[Disturbance] = (),
    ) -> None:
        self.project = project
        self.kind = twin_class(project)
        self.controller = controller or project.controller()
        self.properties = tuple(project.properties() if properties is None else properties)
        self.disturbances = tuple(disturbances)
        self.name = project.folder.name

    def twin(self, example: Example) -> Twin:
        """A fresh twin."""
        return self.kind(seed=example.seed, scenario=example.scenario(), project=self.project)

    def simulate(self, example: Example, **options: Any) -> Simulation:
        """A simulation of an example that has not begun."""
        return Simulation(
            self.twin(example), properties=self.properties, controller=self.controller, **options
        )

    def play(self, simulation: Simulation, example: Example) -> str:
        """Let an example run its course; what kept the tour from going on, or empty."""
        if example.tour:
            return tour(simulation)
        simulation.run(example.seconds, until_violation=True)
        if waiting(simulation):
            while waiting(simulation) and not simulation.violations:
                simulation.run(1.0, until_violation=True)
            simulation.run(AFTERWARDS, until_violation=True)
        if not simulation.violations:
            return_to_idle(simulation)
        return ""

    def run(self, example: Example, *, every_scan: bool = False) -> Simulation:
        """Run one example."""
        simulation = self.simulate(example, every_scan=every_scan)
        self.play(simulation, example)
        return simulation


def waiting(simulation: Simulation) -> bool:
    """Whether a disturbance still waits for its moment, and may."""
    twin = simulation.twin
    return bool(twin.disturber.awaited) and twin.now() - twin.timing.start < LONGEST * 1e9


def return_to_idle(simulation: Simulation) -> None:
    """Let what still lasts end, then have the operator press what leads to IDLE by the cell's table."""
    disturber = simulation.twin.disturber
    quiet_at = simulation.twin.now()
    while (
        disturber.active_faults() and (simulation.twin.now() - quiet_at) < 20e9 and not simulation.violations
    ):
        simulation.run(0.5, until_violation=True)
    disturber.attendance = Attendance.RETURNS
    disturber.happened[RETURN] = 1
    disturber.attend(simulation.cell.state, simulation.twin.now())
    waited = 0.0
    while simulation.cell.state is not State.IDLE and waited <= RECOVERY and not simulation.violations:
        simulation.run(0.5, until_violation=True)
        waited += 0.5
    if simulation.cell.state is not State.IDLE and not simulation.violations:
        simulation.miss("the operator's table leads back to IDLE from every state")
