"""Bench against twin: per output tag and per device the same values in the same order, and nearly the same
times between them.

What the protocol, the phases or the moment of the start decide is not compared: of each stream only the part
counts that several twin runs with other phases and starts have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from control.codec import encode
from control.errors import ConfigurationError
from control.project import Project
from control.replay import read_record
from control.scan import ns
from plc_sim.line import LATEST
from plc_sim.scenario import Scenario
from plc_sim.simulation import Simulation
from plc_sim.timing import EXCHANGE, LATEST_EXCHANGE, LATEST_SCAN, drawn_timing
from plc_sim.twin import Twin, twin_class

RUNS = 5
"""Twin runs whose common part is compared."""

Events = list[tuple[float, Any]]
Streams = dict[str, Events]


class Stream(NamedTuple):
    """One compared stream: how many values were common, equal, and by how much (s) durations differed at
    most.
    """

    name: str
    common: int
    equal: int
    largest: float


class Comparison(NamedTuple):
    """All streams over `parts` parts. `bound` is what a duration may differ by: the sum (s) of its parts.
    `differences` are the values and durations that are not as on the twin.
    """

    parts: int
    bound: dict[str, float]
    streams: tuple[Stream, ...]
    differences: tuple[str, ...]


def compare(
    project: Project,
    records: Path,
    scenario: Scenario,
    *,
    seed: int,
    seconds: float,
    late: float,
    parameters: Mapping[str, float],
    tested: bool = False,
) -> Comparison:
    """Compare the record of a bench run with twin runs of the same plant. `late` is by how much (s) the
    machine was late at worst, which every duration may differ by besides; so may the way through a PLC under
    test (`tested`). The compared stretch ends with the
    last device order that all have in common, in a cell without devices with the last output.
    """
    devices = devices_of(project)
    bench = streams_of(recorded(records), devices)
    twin_runs = [
        twin_run(plant_for(project, scenario, seed, parameters, run), seconds, 0.5 * run)
        for run in range(RUNS)
    ]
    twins = [run.streams for run in twin_runs]
    twin = plant_for(project, scenario, seed, parameters, 0)
    bound = link_bound(twin) | {"the machine, late": late}
    if tested:
        bound["the plant's link, 4 cycles"] = 4 * twin.tables[twin.plc_name].cycle
    names = devices or {name for twin in twins for name in twin}
    common = {name: common_length([twin.get(name, []) for twin in twins]) for name in names}
    ends = [end_of(run, common) - sum(bound.values()) for run in (bench, *twins)]
    streams, differences = [], []
    for name in sorted({name for run in (bench, *twins) for name in run}):
        runs = [run.get(name, []) for run in (bench, *twins)]
        stream, problems = compare_stream(name, runs, ends, sum(bound.values()))
        streams.append(stream)
        differences += problems
    equal = {stream.name: stream.equal for stream in streams if stream.name in names}
    parts = min(sum(time <= end_of(run.streams, equal) for time in run.parts) for run in twin_runs)
    return Comparison(parts, bound, tuple(streams), tuple(differences))


def link_bound(twin: Twin) -> dict[str, float]:
    """What the wires may add to a duration or take from it (s): the chain from the plant to the controller at
    its worst, for each of its two ends.
    """
    table = twin.tables[twin.plc_name]
    sessions = [line.session for line in twin.lines.values()]
    answers = [(len(s.poll().data) + s.poll_size) * s.line.byte_time + LATEST / 1e9 for s in sessions]
    return {
        "2 PLC cycles": 2 * twin.plc.cycle,
        "2 link cycles": 2 * table.cycle,
        "2 exchanges": 2 * (LATEST_EXCHANGE + EXCHANGE[1]) / 1e9,
        "2 scans": 2 * (twin.controller.period + LATEST_SCAN / 1e9),
        "2 poll periods": 2 * max((session.busy_period for session in sessions), default=0.0),
        "2 polls": 2 * max(answers, default=0.0),
    }


def end_of(run: Streams, lengths: Mapping[str, int]) -> float:
    """When the last of so many values of each stream came in this run (s)."""
    compared = [run.get(name, [])[:length] for name, length in lengths.items()]
    return max((events[-1][0] for events in compared if events), default=0.0)


def devices_of(project: Project) -> set[str]:
    """The names of the cell's devices."""
    return set(project.controller().devices_declared)


def recorded(records: Path) -> Iterable[tuple[int, str, Any]]:
    """The trace in a folder of records."""
    files = sorted(records.glob("record-*.jsonl"))
    if not files:
        raise ConfigurationError(f"{records}: the controller left no record")
    for file in files:
        for line in read_record(file):
            yield from (tuple(entry) for entry in line.get("trace", []))


def streams_of(trace: Iterable[tuple[int, str, Any]], devices: set[str]) -> Streams:
    """The streams of a trace: every output tag's values, every device's orders without their numbers."""
    streams: Streams = {}
    for time, name, value in trace:
        if name in devices:
            value = value[1:]
        elif "." not in name or name.startswith("property"):
            continue
        streams.setdefault(name, []).append((time / 1e9, value))
    return streams


def plant_for(
    project: Project, scenario: Scenario, seed: int, parameters: Mapping[str, float], run: int
) -> Twin:
    """The twin of one run, with phases of its own."""
    kind = twin_class(project)
    table = next(table for table in project.toml.links.values() if not table.driver)
    period = ns(project.controller().period)
    timing = drawn_timing(1000 + run, period, ns(table.cycle), ns(kind.plc.cycle))
    return kind(parameters, seed=seed, scenario=scenario, project=project, timing=timing)


class TwinRun(NamedTuple):
    """The streams of one run on the twin, and when (s) each of its parts was counted, good or rejected."""

    streams: Streams
    parts: list[float]


def twin_run(twin: Twin, seconds: float, wait: float) -> TwinRun:
    """A run whose controller starts after `wait` s."""
    trace: list[tuple[int, str, Any]] = []
    parts: list[float] = []

    def keep(now: int, entries: list[tuple[int, str, Any]]) -> None:
        trace.extend(entries)
        counted = simulation.cell.parts_good + simulation.cell.parts_rejected
        parts.extend([now / 1e9] * (counted - len(parts)))

    simulation = Simulation(twin, sinks=[keep])
    simulation.wait_before_start(wait)
    simulation.run(seconds)
    encoded = ((time, name, encode(value)) for time, name, value in trace)
    return TwinRun(streams_of(encoded, devices_of(twin.project)), parts)


def common_length(runs: list[Events]) -> int:
    """How many values these streams have in common from the start."""
    common = 0
    while all(common < len(run) and close(run[common][1], runs[0][common][1]) for run in runs):
        common += 1
    return common


def compare_stream(
    name: str, runs: list[Events], ends: list[float], bound: float
) -> tuple[Stream, list[str]]:
    """One stream of the bench run, the first, against the common part of the twins' streams. `ends` is up to
    when (s) each run must have all that the others have.
    """
    bench, *twins = runs
    common = common_length(twins)
    limit = min(common, len(bench))
    equal = next((n for n in range(limit) if not close(bench[n][1], twins[0][n][1])), limit)
    largest = max((deviation(bench, twins, n) for n in range(1, equal)), default=0.0)
    problems = []
    if equal < limit:
        problems.append(f"{name}: value {equal + 1}: wanted {twins[0][equal][1]!r}, got {bench[equal][1]!r}")
    elif largest > bound:
        wanted = f"wanted at most {bound:.3f} s"
        problems.append(f"{name}: a duration differs by {largest:.3f} s from every twin run; {wanted}")
    else:
        problems += one_sided(name, runs, ends, common)
    return Stream(name, common, equal, largest), problems


def one_sided(name: str, runs: list[Events], ends: list[float], common: int) -> Iterator[str]:
    """What only the bench run has, or only the twin runs have, well within the compared stretch."""
    bench, *twins = runs
    due = [sum(time < end for time, _ in run) for run, end in zip(runs, ends, strict=True)]
    if len(bench) < min(common, *due[1:]):
        yield f"{name}: value {len(bench) + 1}: wanted {twins[0][len(bench)][1]!r}, got none"
    if due[0] > common and all(len(twin) == common for twin in twins):
        yield f"{name}: value {common + 1}: wanted none, got {bench[common][1]!r}"


ROUNDED = 2e-5
"""Lengths in m and angles in rad cross a wire that has two decimals of mm and degrees."""


def close(first: Any, second: Any) -> bool:
    """Equal values; floats to `ROUNDED`."""
    if isinstance(first, bool) or isinstance(second, bool) or not isinstance(first, type(second)):
        return bool(first == second)
    if isinstance(first, float):
        return abs(first - second) < ROUNDED
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(close(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(close, first, second))
    return bool(first == second)


def deviation(bench: Events, twins: list[Events], number: int) -> float:
    """By how much (s) the time before one event lies outside what the twin runs gave."""
    taken = bench[number][0] - bench[number - 1][0]
    spans = [twin[number][0] - twin[number - 1][0] for twin in twins]
    return max(min(spans) - taken, taken - max(spans), 0.0)
