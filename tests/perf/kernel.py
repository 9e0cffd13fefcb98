"""What the kernel costs: a cell's plant driven by its recorded controller, in one call of `advance`."""

from __future__ import annotations

import time
from typing import NamedTuple

from control.project import Project
from plc_sim.kernel import host
from plc_sim.kernel.advance import advance
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.plant import Plant
from plc_sim.scenario import production
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin, plan_of, twin_class
from tests.perf.recording import Recording, with_player

SEED = 7


class Alone(NamedTuple):
    """The kernel alone on one cell's plant."""

    components: int
    events_per_second: float
    ns_per_event: float
    speed: float
    call_us: float


def record(kind: type[Twin], project: Project, seconds: float) -> tuple[Recording, dict[str, int]]:
    """What the cell's controller does in production, and what the plant has counted then."""
    twin = with_player(kind)(None, seed=SEED, scenario=production, project=project)
    recording = Recording(twin.plant)
    with recording.listening():
        Simulation(twin).run(seconds)
    return recording, twin.plant.counts()


def player(kind: type[Twin], project: Project, words: tuple[int | float, ...]) -> Plant:
    """The same plant with a player in place of controller and program; nothing is exchanged."""
    twin = with_player(kind, words)(None, seed=SEED, project=project)
    plan = plan_of(project.controller(), twin.plc_name)
    plant = Plant(twin.components, twin.plc, seed=SEED, timing=twin.timing, plan=plan)
    plant.words[plant.row["plc"] + PlcRow.PROGRAM] = 0
    host.set_link(plant.block, 0, plant.now)
    host.set_life(plant.block, 1, plant.now, plant.now)
    return plant


def call_cost(plant: Plant) -> float:
    """CPU time (s) of a call of `advance` with nothing to do."""
    now, block = plant.now, plant.block
    began = time.process_time()
    for _ in range(100_000):
        advance(block, now)
    return (time.process_time() - began) / 100_000


def measure(project: Project, seconds: float = 1800.0, repeats: int = 7) -> Alone:
    """The figures of one cell, best of `repeats`."""
    kind = twin_class(project)
    recording, counts = record(kind, project, seconds)
    plant = player(kind, project, recording.words)
    start, end = plant.snapshot(), recording.plant.now
    best, before = float("inf"), plant.events
    for _ in range(repeats):
        plant.restore(start)
        began = time.process_time()
        advance(plant.block, end)
        best = min(best, time.process_time() - began)
    events = plant.events - before
    assert (plant.now, plant.counts()) == (end, counts), "the recording does not lead to the same"
    return Alone(
        len(plant.components) + 1,  # the PLC besides; the player and the link are no part of the cell
        events / seconds,
        best / events * 1e9,
        seconds / best,
        min(call_cost(plant) for _ in range(3)) * 1e6,
    )
