"""The bounds `cellwright check` prints hold at the plant: each cause at random moments, phases and seeds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from control.project import load_project
from control.scan import ns
from hil.failure import Watcher
from plc_sim.bounds import Bound, bounds
from plc_sim.scenario import Disturbance, production
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin, twin_class
from tests.hil.deployed import CELL, COILS, MOVING, last_high

RUNS = 40
LONG = 30.0
AFTER = 1.0
"""How long everything must stay at rest once it is, in s."""

Act = Callable[[Twin, int], None]


def begins(kind: str, target: str = "") -> Act:
    disturbance = Disturbance(0.0, kind, target, LONG)
    return lambda twin, now: twin.disturber.begin(disturbance, now)


CAUSES: dict[str, tuple[str, Act]] = {
    "guard door": ("a plant input changes (guard door)", begins("open", "door")),
    "PLC to STOP": ("the PLC goes to STOP", begins("plc_stop")),
    "PLC link lost": ("the PLC link is lost", begins("link_lost", "plc")),
    "controller killed": ("the controller dies", begins("controller_power_loss")),
    "robot line pulled": ("a robot line is lost", begins("link_lost", "robot")),
    "robot silent": ("a robot line is lost", begins("robot_silent", "robot")),
    "robot alarm": ("the robot raises an alarm", begins("robot_alarm", "robot")),
}


def measure(cause: str, seed: int, bound: Bound) -> tuple[float, float] | None:
    """How long (s) after the cause the last coil was off and all was at rest; None if all was so before."""
    project, act, random = load_project(CELL), CAUSES[cause][1], Random(f"{cause} {seed}")
    twin = twin_class(project)(seed=seed, scenario=production, project=project)
    simulation = Simulation(twin)
    watcher = Watcher(simulation)
    begin = twin.now() + ns(random.uniform(8.0, 25.0))
    twin.disturber.call(begin, lambda now: act(twin, now))
    simulation.run_until((begin - twin.timing.start) / 1e9 - 0.001)
    at_work = [name for name in (*COILS, *MOVING) if twin.plant.signal_value(name)]
    simulation.run(bound.rest + AFTER)
    off, rest = (last_high(watcher.lanes, names, begin) for names in (COILS, (*COILS, *MOVING)))
    return (off, rest) if at_work else None


@pytest.mark.parametrize("cause", CAUSES)
def test_bound_holds(cause: str) -> None:
    project = load_project(CELL)
    bound = bounds(twin_class(project)(project=project))[CAUSES[cause][0]]
    measured = [times for seed in range(RUNS) if (times := measure(cause, seed, bound)) is not None]
    assert len(measured) > RUNS / 2, "the cell was hardly ever at work when the cause came"
    off, rest = (max(times) for times in zip(*measured, strict=True))
    assert off <= bound.off and rest <= bound.rest, f"{cause}: off {off} s, at rest {rest} s; wanted {bound}"
