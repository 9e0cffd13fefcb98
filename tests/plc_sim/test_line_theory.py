"""Stations and buffers against exact results of flow-line theory, and batches against single plants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.errors import ConfigurationError
from plc_sim import Batch, Belt, Buffer, Chute, Component, Infeed, Plc, Slot, Station, interval
from plc_sim.components.place import ORIGIN
from plc_sim.kernel.compilation import compiled
from plc_sim.kernel.station import Mode
from plc_sim.plant import Plant

SECOND = 1_000_000_000
MODES = [mode.name.lower() for mode in Mode]
RUNS, LENGTH, WARM_UP = (60, 5000.0, 300.0) if compiled else (30, 200.0, 20.0)
"""Scenarios and their length in s; far fewer where nothing is compiled."""


def serial_line(buffers: int, means: Sequence[float], **options: Any) -> dict[str, Component]:
    """Stations in a row with buffers of one size between; the first never starves, the last never blocks."""
    parts: dict[str, Component] = {}
    source: Buffer | None = None
    for number, mean in enumerate(means):
        last = number == len(means) - 1
        following = None if last else Buffer(capacity=buffers)
        parts[f"station_{number}"] = Station(
            time=mean, source=source, destination=following, exponential=True, **options
        )
        if following is not None:
            parts[f"buffer_{number}"] = following
        source = following
    return parts


# ---- exact throughputs by Markov chains ----


def stationary(states: Sequence[Any], moves: Callable[[Any], list[tuple[Any, float]]]) -> np.ndarray:
    """Stationary distribution of a chain; `moves(state)` gives next states with rates or probabilities."""
    number = {state: k for k, state in enumerate(states)}
    balance = np.zeros((len(states) + 1, len(states)))
    for state in states:
        for following, weight in moves(state):
            balance[number[following], number[state]] += weight
            balance[number[state], number[state]] -= weight
    balance[-1] = 1.0
    return np.linalg.lstsq(balance, np.eye(len(states) + 1)[-1], rcond=None)[0]


def exact_throughput(buffers: int, means: Sequence[float]) -> float:
    """Of exponential stations in a row, blocking after service: a continuous Markov chain.

    Its state is, per pair of neighbours, how many parts the first has finished that the second has not: those
    in the buffer, in the second station and, blocked, in the first.
    """
    levels = product(range(buffers + 3), repeat=len(means) - 1)
    states = [s for s in levels if all(level <= most(s, k, buffers) for k, level in enumerate(s))]

    def moves(state: tuple[int, ...]) -> list[tuple[tuple[int, ...], float]]:
        return [(finished(state, k), 1.0 / m) for k, m in enumerate(means) if works(state, k, buffers)]

    last, shares = len(means) - 1, stationary(states, moves)
    busy = [share for state, share in zip(states, shares, strict=True) if works(state, last, buffers)]
    return sum(busy) / means[-1]


def most(state: tuple[int, ...], k: int, buffers: int) -> int:
    """The most that level `k` can be: less by one while the second station holds a finished part itself."""
    return buffers + 2 - (k + 1 < len(state) and blocked(state, k + 1, buffers))


def blocked(state: tuple[int, ...], k: int, buffers: int) -> bool:
    """Whether station `k` holds a finished part."""
    return k < len(state) and state[k] == most(state, k, buffers)


def works(state: tuple[int, ...], k: int, buffers: int) -> bool:
    """Whether station `k` works: it has a part, and its last one has gone."""
    starved = k > 0 and state[k - 1] == 0
    return not starved and not blocked(state, k, buffers)


def finished(state: tuple[int, ...], k: int) -> tuple[int, ...]:
    """The state after station `k` has finished a part."""
    return tuple(level + (at == k) - (at == k - 1) for at, level in enumerate(state))


KNOWN = {
    (0, 2): 0.6667, (1, 2): 0.75, (2, 2): 0.8, (5, 2): 0.875, (10, 2): 0.9231,
    (0, 3): 0.564103, (0, 4): 0.514775, (0, 5): 0.485798,
    (1, 3): 0.670466, (2, 3): 0.734017, (1, 4): 0.631153,
}  # fmt: skip
"""Published throughputs of stations of mean 1: (buffer, stations)."""

UNEQUAL = {0: 0.590164, 1: 0.661247, 2: 0.702523}
"""The same of two stations with rates 1 and 0.8, by buffer."""


@pytest.mark.parametrize(("buffers", "stations"), KNOWN)
def test_exponential_lines_have_their_exact_throughput(buffers: int, stations: int) -> None:
    parts = serial_line(buffers, [1.0] * stations)
    check_throughput(parts, f"station_{stations - 1}.done", KNOWN[buffers, stations])


@pytest.mark.parametrize("buffers", UNEQUAL)
def test_unequal_stations_have_their_exact_throughput(buffers: int) -> None:
    check_throughput(serial_line(buffers, [1.0, 1.25]), "station_1.done", UNEQUAL[buffers])


def check_throughput(parts: dict[str, Component], count: str, exact: float) -> None:
    mean, half = measured(parts, count)
    assert abs(mean - exact) < half + 1e-4
    assert half < 0.01 * exact or not compiled


def measured(parts: dict[str, Component], count: str, length: float = LENGTH) -> tuple[float, float]:
    """A count per second over the scenarios, with its 99 % interval."""
    batch = Batch(parts, seeds=range(1, RUNS + 1))
    batch.advance(WARM_UP)
    before = batch.counts()[count]
    batch.advance(length)
    return interval((batch.counts()[count] - before) / length)


def unreliable_pair(size: int) -> dict[str, Component]:
    """Two stations of unit time that fail at 1 % of their parts, repaired with 10 % per unit; `size` parts
    between them, that in the second station included.
    """
    between = Buffer(capacity=size - 1)
    fails: dict[str, Any] = {"failure_share": 0.01, "repair_share": 0.1}
    return {
        "first": Station(time=1.0, destination=between, needs_room=True, **fails),
        "between": between,
        "second": Station(time=1.0, source=between, **fails),
    }


def exact_pair(size: int, fail: float = 0.01, repair: float = 0.1) -> tuple[float, float]:
    """Throughput and mean level of the deterministic two-machine line: states change, then parts move; who is
    starved or blocked does not fail.
    """
    states = [*product(range(size + 1), (0, 1), (0, 1))]

    def after(up: int, idle: bool) -> list[tuple[int, float]]:
        if up:
            return [(1, 1.0)] if idle else [(1, 1.0 - fail), (0, fail)]
        return [(1, repair), (0, 1.0 - repair)]

    def moves(state: tuple[int, int, int]) -> list[tuple[tuple[int, int, int], float]]:
        level, first, second = state
        full, empty = level == size, level == 0
        return [
            ((level + (a and not full) - (b and not empty), a, b), p * q)
            for (a, p), (b, q) in product(after(first, full), after(second, empty))
        ]

    shares = stationary(states, moves)
    leaves = sum(
        share * sum(q for b, q in after(second, level == 0) if b)
        for (level, _, second), share in zip(states, shares, strict=True)
        if level > 0
    )
    return leaves, sum(share * level for (level, _, _), share in zip(states, shares, strict=True))


PAIRS = {4: 0.84094, 10: 0.85617, 20: 0.87054, 50: 0.88784, 100: 0.89694}
"""Published throughputs of the unreliable pair, by the parts between the two."""


@pytest.mark.parametrize("size", PAIRS)
def test_the_unreliable_pair_has_its_exact_throughput(size: int) -> None:
    length = 6 * LENGTH
    batch = Batch(unreliable_pair(size), seeds=range(1, RUNS + 1))
    batch.advance(max(WARM_UP * 10, 50.0 * size))
    before = batch.counts()
    batch.advance(length)
    grown = {name: value - before[name] for name, value in batch.counts().items()}
    mean, half = interval(grown["second.done"] / length)
    assert abs(mean - PAIRS[size]) < half + 1e-5
    in_second = length - grown["second.starved_time"] / 1e9
    level, wide = interval((grown["between.level_time"] / 1e9 + in_second) / length)
    assert abs(level - size / 2) < wide


@pytest.mark.parametrize("size", PAIRS)
def test_the_published_pairs_are_those_of_the_chain(size: int) -> None:
    throughput, level = exact_pair(size)
    assert throughput == pytest.approx(PAIRS[size], abs=6e-6)
    assert level == pytest.approx(size / 2)


@pytest.mark.parametrize(("buffers", "stations"), [pair for pair in KNOWN if pair[1] < 4])
def test_the_published_throughputs_are_those_of_the_chain(buffers: int, stations: int) -> None:
    assert exact_throughput(buffers, [1.0] * stations) == pytest.approx(KNOWN[buffers, stations], abs=6e-5)


# ---- what holds of every line ----

lines = st.builds(
    lambda buffers, means, options: serial_line(buffers, means, **options),
    st.integers(0, 3),
    st.lists(st.floats(0.1, 3.0), min_size=1, max_size=4),
    st.sampled_from(
        [
            {},
            {"mean_up": 5.0, "mean_down": 2.0},
            {"failure_share": 0.2, "repair_share": 0.5},
            {"needs_room": True},
        ]
    ),
)


@given(lines, st.integers(1, 1000))
@settings(max_examples=30)
def test_no_part_is_lost_and_every_moment_is_counted(parts: dict[str, Component], seed: int) -> None:
    plant = Plant(parts, Plc(), seed=seed)
    for k in range(1, 9):
        plant.advance(plant.timing.start + k * 7 * SECOND + k)
        if k % 3 == 0:
            plant.set("station_0.enable", k % 2 == 0)
        counts = plant.counts()
        stations = [name for name in parts if name.startswith("station")]
        for name in stations:
            times = [counts[f"{name}.{mode}_time"] for mode in MODES]
            assert min(times) >= 0
            assert sum(times) == plant.now - plant.timing.start
        held = sum(counts[f"{name}.parts_on"] for name in parts if name.startswith("buffer"))
        inside = sum(plant.words[plant.field(f"{name}.part")[1]] != 0 for name in stations[1:])
        assert counts["station_0.done"] == counts[f"{stations[-1]}.done"] + held + inside
        assert all(
            0 <= counts[f"{name}.parts_on"] <= part.capacity
            for name, part in parts.items()
            if isinstance(part, Buffer)
        )


@given(st.floats(0.01, 10.0), st.floats(0.01, 10.0), st.integers(0, 3))
@settings(max_examples=30)
def test_a_fixed_line_keeps_the_pace_of_its_slowest_station(first: float, second: float, size: int) -> None:
    between = Buffer(capacity=size)
    parts = {
        "first": Station(time=first, destination=between),
        "between": between,
        "second": Station(time=second, source=between),
    }
    plant = Plant(parts, Plc())
    slowest, until = max(first, second), 40.0
    plant.advance(plant.timing.start + round(until * 1e9))
    done = plant.counts()["second.done"]
    expected = (until - first - second) / slowest + 1 if until > first + second else 0.0
    assert abs(done - expected) <= 1.0


def test_a_part_bears_the_operations_of_its_stations() -> None:
    slot, out = Slot(), Slot()
    parts = {
        "slot": slot,
        "out": out,
        "cut": Station(time=1.0, destination=slot, operation=0),
        "drill": Station(time=1.0, source=slot, destination=out, operation=3),
    }
    plant = Plant(parts, Plc())
    plant.advance(plant.timing.start + 10 * SECOND)
    assert plant.words[plant.field("out.part")[1]] >> 9 & 0xFF == 0b1001
    assert plant.counts()["drill.blocked_time"] == plant.now - plant.timing.start - 3 * SECOND


def test_a_station_that_is_not_enabled_finishes_its_part_and_rests() -> None:
    plant = Plant(
        {"station": Station(time=2.0, destination=(chute := Chute(pose=ORIGIN))), "chute": chute}, Plc()
    )
    plant.advance(plant.timing.start + 3 * SECOND)
    plant.set("station.enable", False)
    plant.advance(plant.timing.start + 20 * SECOND)
    assert plant.counts()["station.done"] == plant.counts()["chute.rejected"] == 2
    assert plant.counts()["station.off_time"] == 16 * SECOND


REFUSED: dict[str, Callable[[], dict[str, Component]]] = {
    "mean_down: wanted a mean repair above 0 s": lambda: {"s": Station(time=1.0, mean_up=1.0)},
    "repair_share: wanted a share above 0": lambda: {
        "s": Station(time=1.0, failure_share=0.1, repair_share=0.0)
    },
    "s.time: wanted at least 1e-09 s": lambda: {"s": Station(time=0.0)},
    "b.capacity: wanted at least 0": lambda: {"b": Buffer(capacity=-1)},
    "s.destination: wanted another place than the source": lambda: {
        "b": (b := Buffer(capacity=1)),
        "s": Station(time=1.0, source=b, destination=b),
    },
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_is_refused_by_name(said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant(REFUSED[said](), Plc())


# ---- batches ----


def words_of(batch: Batch) -> list[bytes]:
    return [row.tobytes() for row in batch.blocks]


def test_a_batch_is_its_plants_one_after_the_other_on_any_number_of_threads() -> None:
    parts = serial_line(1, [1.0, 1.0, 1.0], mean_up=20.0, mean_down=5.0)
    varied = [{"station_1.time": 0.5 + 0.1 * k, "buffer_0.capacity": k % 4} for k in range(12)]
    seeds = range(5, 17)
    usual = numba.get_num_threads()
    batches = []
    for threads in (1, usual, usual):
        numba.set_num_threads(threads)
        batch = Batch(parts, seeds=seeds, parameters=varied)
        batch.advance(30.0)
        batch.advance(70.0)
        batches.append(words_of(batch))
    numba.set_num_threads(usual)
    assert batches[0] == batches[1] == batches[2]
    for row, seed, each in zip(batches[0], seeds, varied, strict=True):
        plant = Plant(parts, Plc(), seed=seed, parameters=each)
        plant.advance(plant.timing.start + 100 * SECOND)
        assert row[: plant.block.nbytes] == plant.block.tobytes()


def test_scenarios_of_a_batch_can_be_acted_on_by_themselves() -> None:
    batch = Batch(serial_line(0, [1.0]), seeds=[1, 1])
    batch.advance(10.0)
    batch.plants[0].set("station_0.enable", False)
    batch.advance(100.0)
    off, on = batch.counts()["station_0.done"]
    assert off < on
    assert batch.now == pytest.approx(110.0)


def test_a_batch_is_refused_like_its_plants() -> None:
    parts = serial_line(0, [1.0])
    with pytest.raises(ConfigurationError, match="wanted as many parameters as seeds"):
        Batch(parts, seeds=[1, 2], parameters=[{}])
    with pytest.raises(ConfigurationError, match="no 'station_0.tiem'.*station_0.time"):
        Batch(parts, seeds=[1], parameters=[{"station_0.tiem": 1.0}])
    with pytest.raises(ConfigurationError, match="30 figures or more"):
        interval(np.ones(5))


@given(st.floats(0.1, 2.0), st.floats(0.2, 1.0))
@settings(max_examples=20)
def test_a_station_hands_on_to_a_belt_as_soon_as_its_infeed_is_clear(time: float, speed: float) -> None:
    belt = Belt(length=3.0, speed=speed, acceleration=100.0, part_length=0.1, gap=0.05)
    infeed = Infeed(belt)
    plant = Plant({"belt": belt, "infeed": infeed, "source": Station(time=time, destination=infeed)}, Plc())
    plant.set("belt.run", True)
    plant.advance(plant.timing.start + 30 * SECOND)
    counts = plant.counts()
    assert counts["source.done"] == counts["belt.left"] + counts["belt.parts_on"]
    pace = max(time, 0.15 / speed)
    assert abs(counts["source.done"] - (30.0 - time) / pace - 1.0) <= 1.5
