"""Bench against twin: per output tag and per device the same values in the same order, and nearly the same
times between them.

What the protocol, the phases or the moment of the start decide is not compared: of each stream only the part
counts that several twin runs with other phases and starts have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from control.codec import encode
from control.errors import ConfigurationError
from control.project import Project
from control.replay import read_record
from control.scan import ns
from plc_sim.scenario import Scenario
from plc_sim.simulation import Simulation
from plc_sim.timing import drawn_timing
from plc_sim.twin import twin_class

RUNS = 5
"""Twin runs whose common part is compared."""

MIN_PARTS = 5
"""A comparison says something once it spans so many parts."""

SLACK = 0.12
"""How much longer or shorter the time between two events of one stream may be on the bench than on every twin
run, in s: two link cycles, two scans, a PLC cycle, two serial exchanges and a status poll, each at its
worst.
"""

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
    """All streams; `equal` if every common part is the same and spans enough parts."""

    equal: bool
    parts: int
    streams: tuple[Stream, ...]
    differences: tuple[str, ...]


def compare(project: Project, records: Path, seed: int, scenario: Scenario, seconds: float) -> Comparison:
    """Compare the record of a bench run with twin runs of the same plant."""
    bench = streams_of(recorded(records), devices_of(project))
    twins = [twin_streams(project, seed, scenario, seconds, run) for run in range(RUNS)]
    names = sorted(set(bench) | {name for twin in twins for name in twin})
    streams, differences = [], []
    for name in names:
        stream, problem = compare_stream(name, bench.get(name, []), [twin.get(name, []) for twin in twins])
        streams.append(stream)
        if problem:
            differences.append(problem)
    parts = min((parts_in(project, twin, streams) for twin in twins), default=0)
    if parts < MIN_PARTS:
        differences.append(f"the common part spans {parts} parts; wanted at least {MIN_PARTS}: run longer")
    return Comparison(not differences, parts, tuple(streams), tuple(differences))


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


def twin_streams(project: Project, seed: int, scenario: Scenario, seconds: float, run: int) -> Streams:
    """The streams of one twin run with phases, and a start of the controller, of its own."""
    kind = twin_class(project)
    table = next(table for table in project.toml.links.values() if not table.driver)
    period = ns(project.controller().period)
    timing = drawn_timing(1000 + run, period, ns(table.cycle), ns(kind.plc.cycle))
    twin = kind(seed=seed, scenario=scenario, project=project, timing=timing)
    trace: list[tuple[int, str, Any]] = []
    simulation = Simulation(twin, sinks=[lambda now, entries: trace.extend(entries)])
    simulation.wait_before_start(0.5 * run)
    simulation.run(seconds)
    return streams_of(((time, name, encode(value)) for time, name, value in trace), devices_of(project))


def compare_stream(name: str, bench: Events, twins: list[Events]) -> tuple[Stream, str]:
    """One stream against the common part of the twins' streams."""
    common = 0
    while all(common < len(t) and close(t[common][1], twins[0][common][1]) for t in twins):
        common += 1
    limit = min(common, len(bench))
    equal = next((n for n in range(limit) if not close(bench[n][1], twins[0][n][1])), limit)
    largest = max((deviation(bench, twins, n) for n in range(1, equal)), default=0.0)
    problem = ""
    if equal < limit:
        problem = f"{name}: value {equal + 1}: wanted {twins[0][equal][1]!r}, got {bench[equal][1]!r}"
    elif largest > SLACK:
        problem = (
            f"{name}: a duration differs by {largest:.3f} s from every twin run; wanted at most {SLACK} s"
        )
    return Stream(name, common, equal, largest), problem


def close(first: Any, second: Any) -> bool:
    """Equal values; numbers to a micrometre or microradian, since poses cross a wire that rounds."""
    if isinstance(first, bool) or isinstance(second, bool) or not isinstance(first, type(second)):
        return bool(first == second)
    if isinstance(first, float):
        return abs(first - second) < 2e-5
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


def parts_in(project: Project, twin: Streams, streams: list[Stream]) -> int:
    """How many parts the compared stretch of a device's orders spans."""
    lengths: Mapping[str, int] = {stream.name: stream.equal for stream in streams}
    counts = [
        sum(order[0] == "open_gripper" for _, order in twin.get(name, [])[: lengths.get(name, 0)])
        for name in devices_of(project)
    ]
    return max(counts, default=0)
