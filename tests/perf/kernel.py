"""What the kernel costs: a pick cell driven by a recorded controller within one call of `advance`.

Run: python -m tests.perf.kernel
"""

from __future__ import annotations

import time

from plc_sim.kernel.advance import advance
from plc_sim.kernel.header import Header
from plc_sim.plant import Plant
from tests.plc_sim.controller import PickController, plant_with, record, replayable

SECOND = 1_000_000_000


def replay(words: tuple[int | float, ...], seconds: float, seed: int) -> tuple[float, int, Plant]:
    """Seconds of computing and events for one run of the recording."""
    plant = plant_with(words, seed)
    controller = PickController(plant)
    controller.start()
    events = plant.words[Header.EVENTS]
    began = time.perf_counter()
    advance(plant.block, plant.now + int(seconds * SECOND))
    return time.perf_counter() - began, plant.words[Header.EVENTS] - events, plant


def call_cost(plant: Plant) -> float:
    """Seconds for a call of `advance` with nothing to do."""
    now, block = plant.now, plant.block
    began = time.perf_counter()
    for _ in range(100_000):
        advance(block, now)
    return (time.perf_counter() - began) / 100_000


def measure(seconds: float = 1800.0, repeats: int = 7) -> dict[str, float]:
    """The figures of one run, best of `repeats`."""
    recorded, actions = record(seconds, seed=7)
    words = replayable(recorded, actions)
    runs = [replay(words, seconds, seed=7) for _ in range(repeats)]
    spent, events, plant = min(runs, key=lambda run: run[0])
    assert {k: v for k, v in plant.counts().items()} == recorded.counts()
    return {
        "components": len(plant.components) + 2,
        "events per cell-second": events / seconds,
        "ns per event": spent / events * 1e9,
        "x real time": seconds / spent,
        "call of advance, us": min(call_cost(plant) for _ in range(5)) * 1e6,
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:26} {value:14.1f}")
