"""The pick cell on its twin, for tests of what happens to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from control.project import load_project
from plc_sim.scenario import Attendance, Disturbance, Scenario
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin, twin_class

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"


def pick_twin(
    *disturbances: Disturbance, attendance: Attendance = Attendance.RECOVERS, **options: Any
) -> Twin:
    """A fresh twin of the pick cell to which these things will happen."""
    project = load_project(CELL)
    return twin_class(project)(
        options.pop("parameters", None),
        scenario=Scenario("test", disturbances, attendance),
        project=project,
        **options,
    )


class Run(Simulation):
    """A simulation that keeps its trace."""

    def __init__(self, *disturbances: Disturbance, every_scan: bool = False, **options: Any) -> None:
        self.trace: list[tuple[float, str, Any]] = []
        twin = pick_twin(*disturbances, **options)
        properties = twin.project.properties()
        super().__init__(twin, properties=properties, sinks=[self.keep], every_scan=every_scan)

    def keep(self, now: int, entries: list[tuple[int, str, Any]]) -> None:
        self.trace += [(self.seconds(time), name, value) for time, name, value in entries]

    def seconds(self, time: int) -> float:
        """An instant (ns) in s of virtual time."""
        return (time - self.twin.timing.start) / 1e9

    @property
    def at(self) -> float:
        """The instant reached, in s."""
        return self.seconds(self.twin.now())

    def times(self, name: str, value: Any) -> list[float]:
        """When an entry of the trace was made, in s."""
        return [time for time, known, what in self.trace if (known, what) == (name, value)]
