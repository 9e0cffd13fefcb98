"""The bench: good when the deployed controller does what it does on the twin, failed when it does not, and
invalid when the machine is too busy to tell.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hil.bench import LATEST, MIN_PARTS, WORST, untimely, verdict_of
from hil.compare import Comparison, compare_stream
from plc_sim.served import Served
from plc_sim.twin import Twin
from tests.hil.deployed import CELL
from tests.hil.processes import PATIENCE, until

SECONDS = 38.0
BRISK = ("--set", "feeder.period=1", "--set", "belt.speed=1")
PERIOD = 0.01


def started(cell: Path, seconds: float, *options: str) -> subprocess.Popen[str]:
    """`cellwright bench … --json` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "cellwright", "bench", str(cell), "--json"]
        + ["--seed", "1", "--seconds", str(seconds), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(bench: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    """The status and the result of a bench process."""
    out, error = bench.communicate(timeout=PATIENCE)
    assert out, error
    return bench.returncode, json.loads(out)


def has_controller(bench: subprocess.Popen[str]) -> bool:
    """Whether the bench's controller process exists."""
    return bool(Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text())


def names_lateness(why: list[str]) -> bool:
    """Whether the machine is said to have been too busy."""
    return any("late by" in reason or "overran" in reason for reason in why)


def hold_up(bench: subprocess.Popen[str]) -> None:
    """Let the bench's controller have the machine half of the time, 50 ms in a row."""
    for child in map(int, Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
            time.sleep(0.05)
            os.kill(child, signal.SIGCONT)
            time.sleep(0.05)


@pytest.mark.wire
def test_the_deployed_controller_does_what_it_does_on_the_twin() -> None:
    status, data = outcome(started(CELL, SECONDS, *BRISK))
    if data["verdict"] == "invalid":
        assert status == 4 and names_lateness(data["why"]), data["why"]
        return
    assert (status, data["verdict"], data["why"]) == (0, "good", [])
    assert data["compared"]["differences"] == []
    assert data["compared"]["parts"] >= MIN_PARTS
    assert data["parts_good"] + data["parts_rejected"] >= MIN_PARTS
    assert all(stream["equal"] == stream["common"] for stream in data["compared"]["streams"])
    longest = max(stream["largest"] for stream in data["compared"]["streams"])
    assert (
        0
        < longest
        <= data["compared"]["link_bound_s"]
        == sum(data["compared"]["link_bound_parts_s"].values())
    )
    assert data["scan"]["lateness_s"]["count"] > 0.9 * SECONDS / PERIOD - data["overruns"]
    assert PERIOD / 2 < data["scan"]["actual_period_s"]["p50"] < 2 * PERIOD
    assert 1.0 < data["s7_jobs_per_scan"] < 3.0
    assert (data["real"], data["simulated"]) == ([], ["plc", "robot"])


@pytest.mark.wire
def test_a_controller_that_differs_where_it_is_deployed_fails(tmp_path: Path) -> None:
    """The cell looks whether the twin's libraries are loaded, and behaves otherwise if not."""
    copy = tmp_path / "cell"
    shutil.copytree(CELL.parent, copy, ignore=shutil.ignore_patterns("state", "__pycache__"))
    source = (copy / "cell.py").read_text()
    honest = "orders.horn = light.horn"
    assert source.count(honest) == 1
    cheat = f'{honest}\n        orders.amber = __import__("sys").modules.get("numba") is None'
    (copy / "cell.py").write_text(source.replace(honest, cheat))
    status, data = outcome(started(copy / "cell.toml", 8.0, *BRISK))
    assert (status, data["verdict"]) == (1, "failed")
    assert data["why"] == data["compared"]["differences"] == ["orders.amber: value 1: wanted none, got True"]


@pytest.mark.wire
def test_a_starved_bench_gives_no_verdict() -> None:
    """The machine has something else to do as long as the controller runs."""
    bench = started(CELL, 5.0)
    until(lambda: has_controller(bench), "the controller", bench)
    while has_controller(bench):
        hold_up(bench)
    status, data = outcome(bench)
    assert (status, data["verdict"]) == (4, "invalid")
    assert names_lateness(data["why"]), data["why"]


@pytest.mark.wire
def test_a_real_link_is_listed_with_what_was_simulated(tmp_path: Path) -> None:
    """The real robot is that of another served twin: the bench touches it only because it is named."""
    copy = tmp_path / "cell"
    shutil.copytree(CELL.parent, copy, ignore=shutil.ignore_patterns("state", "__pycache__"))
    with Served(Twin.load(CELL), tmp_path, tcp=True) as other:
        url = other.lines["robot"].outlet.url
        (copy / "cell.toml").write_text(CELL.read_text().replace("serial:///dev/ttyUSB0", url))
        status, data = outcome(started(copy / "cell.toml", 5.0, "--real", "robot"))
        assert other.twin.endpoints["robot"].servo_on  # type: ignore[attr-defined]
    assert status in (1, 4), "it does not move: no PLC releases it"
    assert (data["real"], data["simulated"]) == (["robot"], ["plc"])


EVENTS = [(1.0, False), (2.0, True), (3.0, False)]
BOUND = 0.1


def later(seconds: float) -> list[tuple[float, Any]]:
    return [(time + seconds, value) for time, value in EVENTS]


CASES = {
    "equal": (later(5.0), []),
    "another value": ([*later(5.0)[:2], (8.0, 3)], ["x: value 3: wanted False, got 3"]),
    "a longer wait": (
        [*later(5.0)[:2], (8.2, False)],
        ["x: a duration differs by 0.200 s from every twin run; wanted at most 0.100 s"],
    ),
    "one too few": (later(5.0)[:2], ["x: value 3: wanted False, got none"]),
    "one too many": ([*later(5.0), (8.5, True)], ["x: value 4: wanted none, got True"]),
    "one more after the end": ([*later(5.0), (9.5, True)], []),
}


@pytest.mark.parametrize("case", CASES)
def test_streams_are_compared_over_what_the_twins_have_in_common(case: str) -> None:
    """The compared stretch ends at 4 s in the twin runs, at 9 s in that of the bench."""
    events, problems = CASES[case]
    _, found = compare_stream("x", [events, EVENTS, later(0.01)], [9.0, 4.0, 4.01], BOUND)
    assert found == problems


def test_values_in_which_the_twins_differ_are_not_compared() -> None:
    stream, found = compare_stream("x", [later(5.0), EVENTS, [*EVENTS[:2], (3.0, 7)]], [9.0, 4.0, 4.0], BOUND)
    assert (stream.common, stream.equal, found) == (2, 2, [])


def times(p99: float, worst: float) -> dict[str, Any]:
    return {"count": 1000, "p99": p99, "max": worst}


@pytest.mark.parametrize(
    ("scan", "server", "overruns", "words"),
    [
        (times(0.002, 0.02), times(0.002, 0.02), 1, []),
        (
            times(2 * LATEST, 0.05),
            times(0.002, 0.02),
            0,
            ["the controller's scans were late by 20.0 ms (p99)"],
        ),
        (
            times(0.002, 0.02),
            times(0.002, 2 * WORST),
            0,
            ["the simulated PLC was once late by 200.0 ms (max)"],
        ),
        (times(0.002, 0.02), times(0.002, 0.02), 20, ["2.00 % of the scans overran"]),
    ],
)
def test_what_makes_a_run_invalid(
    scan: dict[str, Any], server: dict[str, Any], overruns: int, words: list[str]
) -> None:
    controller = {"scan": {"lateness_s": scan, "overruns": overruns}}
    reasons = untimely(controller, {"lateness_s": server})
    assert [reason.partition(";")[0] for reason in reasons] == words


def test_lateness_outweighs_a_difference_and_a_difference_outweighs_shortness() -> None:
    differing, short = Comparison(1, {}, (), ("x",)), Comparison(1, {}, (), ())
    assert verdict_of(["late"], differing, 1)[0] == "invalid"
    assert verdict_of([], differing, 5) == ("failed", ["x"])
    assert verdict_of([], short, 5)[0] == "invalid"
    assert verdict_of([], short, 1) == ("good", [])
