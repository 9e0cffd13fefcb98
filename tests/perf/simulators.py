"""Our kernel beside others on one line: a fixed step of 1 ms in numba, SimPy; a batch on one core and two."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator
from typing import Any

import numba
import numpy as np
import simpy

from plc_sim import Batch, Buffer, Component, Station
from tests.perf.table import Row, compared

STATIONS, PLACES, MEAN = 5, 4, 1.0
"""A serial line: stations with exponential times (mean in s), places in the buffers between them."""

STEP = 0.001
"""Of the fixed-step kernel, in s."""


def line() -> dict[str, Component]:
    """The line of our components."""
    parts: dict[str, Component] = {}
    source: Buffer | None = None
    for number in range(STATIONS):
        following = None if number == STATIONS - 1 else Buffer(capacity=PLACES)
        parts[f"station_{number}"] = Station(
            time=MEAN, source=source, destination=following, exponential=True
        )
        if following is not None:
            parts[f"buffer_{number}"] = following
        source = following
    return parts


def ours(seconds: float) -> int:
    """Parts that the line makes."""
    batch = Batch(line(), seeds=[1])
    batch.advance(seconds)
    return int(batch.counts()[f"station_{STATIONS - 1}.done"][0])


@numba.njit
def _stepped(steps: int, step: float, mean: float, places: int, stations: int) -> int:
    """The same line, looked at every `step` s: each station counts its time down."""
    np.random.seed(1)
    left = np.zeros(stations)
    state = np.zeros(stations, np.int64)  # 0 without a part, 1 at work, 2 finished
    held = np.zeros(stations, np.int64)  # parts in the buffer before a station
    done = 0
    for _ in range(steps):
        for k in range(stations - 1, -1, -1):
            if state[k] == 1:
                left[k] -= step
                if left[k] <= 0.0:
                    state[k] = 2
            if state[k] == 2:
                if k == stations - 1:
                    done += 1
                    state[k] = 0
                elif held[k + 1] < places:
                    held[k + 1] += 1
                    state[k] = 0
            if state[k] == 0 and (k == 0 or held[k] > 0):
                if k > 0:
                    held[k] -= 1
                state[k] = 1
                left[k] = -mean * math.log(1.0 - np.random.random())
    return done


def fixed_step(seconds: float) -> int:
    """Parts that the line makes, stepped."""
    return int(_stepped(round(seconds / STEP), STEP, MEAN, PLACES, STATIONS))


def with_simpy(seconds: float) -> int:
    """Parts that the line makes as SimPy processes over stores."""
    world, draw = simpy.Environment(), random.Random(1)
    stores = [simpy.Store(world, PLACES) for _ in range(STATIONS - 1)]
    done = [0]

    def station(number: int) -> Generator[Any, Any, None]:
        while True:
            part = (yield stores[number - 1].get()) if number else 1
            yield world.timeout(draw.expovariate(1.0 / MEAN))
            if number < STATIONS - 1:
                yield stores[number].put(part)
            else:
                done[0] += 1

    for number in range(STATIONS):
        world.process(station(number))
    world.run(seconds)
    return done[0]


def pace(run: Callable[[float], int], seconds: float, repeats: int = 3) -> float:
    """Parts per CPU second, the best of a few runs."""
    run(seconds / 100)
    best = 0.0
    for _ in range(repeats):
        began = time.process_time()
        parts = run(seconds)
        best = max(best, parts / (time.process_time() - began))
    return best


def measure(share: float = 1.0) -> list[Row]:
    """The three on one core, in runs of this share of their usual length."""
    event, stepped = pace(ours, 200_000.0 * share), pace(fixed_step, 20_000.0 * share)
    simpy_pace = pace(with_simpy, 5_000.0 * share)
    return [
        Row(f"line of {STATIONS} stations, ours", event, "parts/s"),
        compared("line, ours beside a fixed step of 1 ms in numba", event, "parts/s", stepped),
        compared("line, ours beside SimPy", event, "parts/s", simpy_pace, ">= 20"),
    ]


def cores(scenarios: int = 64, share: float = 1.0) -> list[Row]:
    """A batch on one core and on two, by the clock on the wall."""
    usual, times, seconds = numba.get_num_threads(), {}, 20_000.0 * share
    for threads in (1, min(2, usual)):
        numba.set_num_threads(threads)
        best = float("inf")
        for _ in range(3):
            batch = Batch(line(), seeds=range(1, scenarios + 1))
            began = time.perf_counter()
            batch.advance(seconds)
            best = min(best, time.perf_counter() - began)
        times[threads] = best
    numba.set_num_threads(usual)
    one, two = times[1], times[min(2, usual)]
    return [compared(f"batch of {scenarios}, two cores beside one", scenarios * seconds / two, "x real",
                     scenarios * seconds / one, ">= 1.7")]  # fmt: skip
