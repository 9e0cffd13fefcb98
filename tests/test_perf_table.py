"""The table of `make perf`: its form, on runs far too short to say anything of speed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from control.project import load_project
from tests.perf import s7, scan, start, twin
from tests.perf.__main__ import PARTS, chosen
from tests.perf.table import Row, compared, one_core, write
from tests.perf.twin import CELL, SECTIONS, profile, sampled

TINY: dict[str, tuple[Callable[[], list[Row]], set[str]]] = {
    "twin": (
        lambda: twin.measure(30.0, 1),
        {"pick_cell: closed loop, all properties", "line, ours beside SimPy"},
    ),
    "s7": (lambda: s7.measure(8), {"S7 200 B, our job layer, our PLC", "S7 1000 tags, PDU 480, pipelined"}),
    "scan": (lambda: scan.measure(0.3, 1), {"scan at 10 ms, lateness p99, over S7 and serial"}),
    "import": (lambda: start.measure(1), {"import control and a shipped cell.py"}),
}
FIELDS = ["name", "value", "unit", "peer_or_floor", "ratio", "target"]


def test_every_part_is_tried_here() -> None:
    assert list(TINY) == list(PARTS)


@pytest.mark.wire
@pytest.mark.parametrize("part", TINY)
def test_a_part_gives_rows_of_one_form(part: str, tmp_path: Path) -> None:
    measure, wanted = TINY[part]
    cores = os.sched_getaffinity(0)
    rows = measure()
    assert os.sched_getaffinity(0) == cores
    assert wanted <= {row.name for row in rows}
    write(rows, tmp_path / "perf.json")
    for row, entry in zip(rows, json.loads((tmp_path / "perf.json").read_text()), strict=True):
        assert list(entry) == FIELDS
        assert isinstance(entry["value"], int | float)
        assert entry["value"] >= 0
        assert entry["name"] in str(row)
        if entry["ratio"] is not None:
            assert entry["value"] / entry["peer_or_floor"] == pytest.approx(entry["ratio"])


def test_a_late_signal_does_not_start_the_sampling_again() -> None:
    """One on its way when the block ended once set the timer anew, and the next signal killed the process."""
    with sampled(Counter()):
        look = signal.getsignal(signal.SIGALRM)
    assert callable(look)
    look(signal.SIGALRM, None)
    left = signal.setitimer(signal.ITIMER_REAL, 0.0)
    assert left == (0.0, 0.0)


def test_a_row_shows_its_ratio_and_its_target() -> None:
    assert str(compared("a read", 30.0, "us", 20.0, "<= 1.5")).split()[2:] == [
        "30.00", "us", "20.0", "x", "1.50", "<=", "1.5"
    ]  # fmt: skip
    assert str(Row("a share", 12.5, "%")).split() == ["a", "share", "12.50", "%"]


def test_all_parts_are_run_or_the_one_that_is_named() -> None:
    assert chosen([]) == list(PARTS)
    assert chosen(["scan"]) == ["scan"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["impor"], "perf: no part 'impor'; did you mean 'import'?"),
        (["scan", "s7"], "perf: wanted one part or none, got 'scan s7'"),
    ],
)
def test_what_is_no_part_is_one_line_and_status_2(names: list[str], message: str, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "tests.perf", *names]
    done = subprocess.run(line, cwd=twin.ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("", message + "\n", 2)


def test_one_core_is_one_core() -> None:
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1


def test_the_shares_of_time_are_of_all_sections_and_add_up() -> None:
    rows = profile(load_project(CELL), 300.0)
    shares = {row.name.removeprefix("pick_cell: closed loop, time in "): row.value for row in rows}
    assert set(shares) == set(SECTIONS.values())
    assert sum(shares.values()) == pytest.approx(100.0)


def test_time_within_a_property_is_its_own_whatever_it_calls() -> None:
    calls: dict[str, Callable[[Callable[[], str]], str]] = {}
    for name in ("property", "packml"):
        exec(compile(f"def {name}(then): return then()", f"control/{name}.py", "exec"), calls)
    frame = lambda: twin.section(sys._getframe())  # noqa: E731
    assert calls["packml"](frame) == "machines"
    assert calls["property"](lambda: calls["packml"](frame)) == "properties"


def test_the_files_and_functions_whose_time_is_told_exist() -> None:
    for name in SECTIONS:
        file, _, function = name.partition(" ")
        assert f"def {function}" in (twin.ROOT / file).read_text(), name
