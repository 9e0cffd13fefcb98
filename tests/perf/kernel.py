"""What the kernel costs: a pick cell driven by a recorded controller within one call of `advance`."""

from __future__ import annotations

import time

from plc_sim.kernel.advance import advance
from plc_sim.kernel.header import Header
from plc_sim.plant import Plant
from tests.plc_sim.controller import PickController, plant_with, record, replayable

SECOND = 1_000_000_000


def replay(words: tuple[int | float, ...], seconds: float, seed: int) -> tuple[float, int, Plant]:
    """CPU time in s and events for one run of the recording."""
    plant = plant_with(words, seed)
    controller = PickController(plant)
    controller.start()
    events = plant.words[Header.EVENTS]
    began = time.process_time()
    advance(plant.block, plant.now + int(seconds * SECOND))
    return time.process_time() - began, plant.words[Header.EVENTS] - events, plant


def call_cost(plant: Plant) -> float:
    """CPU time (s) of a call of `advance` with nothing to do."""
    now, block = plant.now, plant.block
    began = time.process_time()
    for _ in range(100_000):
        advance(block, now)
    return (time.process_time() - began) / 100_000


def measure(seconds: float = 1800.0, repeats: int = 7) -> dict[str, float]:
    """The figures of one run, best of `repeats`."""
    recorded, actions = record(seconds, seed=7)
    words = replayable(recorded, actions)
    runs = [replay(words, seconds, seed=7) for _ in range(repeats)]
    spent, events, plant = min(runs, key=lambda run: run[0])
    assert {k: v for k, v in plant.counts().items()} == recorded.counts()
    return {
        "components": len(plant.components) + 2,
        "events_per_second": events / seconds,
        "ns_per_event": spent / events * 1e9,
        "x": seconds / spent,
        "call_us": min(call_cost(plant) for _ in range(5)) * 1e6,
    }
