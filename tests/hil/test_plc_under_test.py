"""A PLC that runs its own program, between the twin's plant and the controller: its program is tested too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from control.cell import Cell
from control.errors import ConfigurationError, ConnectError
from control.project import load_project
from control.run import run
from control.schema import LinkTable
from hil.bench import Bench, run_bench
from plc_sim.plc import Plc
from plc_sim.scenario import Attendance, Disturbance, Scenario, production
from plc_sim.tested_plc import TestedPlc, plant_blocks
from plc_sim.twin import Twin, twin_class

ROOT = Path(__file__).parents[2]
CELL = ROOT / "cells" / "pick_cell" / "cell.toml"


@contextmanager
def plc_process(program: str) -> Iterator[str]:
    """A PLC as a process of its own; its address."""
    command = [sys.executable, "-m", "tests.hil.plc_programs", program]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def table(url: str, **changes: Any) -> LinkTable:
    """The pick cell's table of its PLC, at that address."""
    return load_project(CELL).toml.links["plc"].model_copy(update={"url": url, **changes})


def on_bench(program: str, *disturbances: Disturbance, seconds: float) -> Cell:
    """The cell and its properties, run against a PLC with this program."""
    twin = Twin.load(CELL, Scenario("tested", disturbances, Attendance.STARTS), seed=7)
    with plc_process(program) as url, Bench(twin, tested=table(url)) as bench:
        cell = twin.controller(bench.wiring)
        run(cell, seconds=seconds, every=bench.watch(cell))
        assert isinstance(bench.served.plc, TestedPlc) and not bench.served.plc.interruptions
    return cell


def test_the_blocks_hold_every_signal_of_the_map_once() -> None:
    plc: Plc = twin_class(load_project(CELL)).plc
    sensors, actuators = plant_blocks(plc)
    assert [*sensors.tags][:2] == ["entry_eye_blocked", "stop_eye_blocked"]
    assert "plc_tripped" not in sensors.tags and "belt_speed_actual" in sensors.tags
    assert len(sensors.tags) == len({entry.source.path for entry in plc.inputs})
    targets = {entry.target.path for entry in (*plc.outputs, *plc.setpoints)}
    assert len(actuators.tags) == len(targets | {"plc.tripped"})


@pytest.mark.wire
def test_the_pick_cell_with_its_plc_in_a_process_of_its_own() -> None:
    cell = on_bench("good", seconds=20.0)
    assert not cell.violations and not cell.alarms
    assert cell.parts_good >= 1


@pytest.mark.wire
def test_a_program_that_hides_the_door_is_found_by_a_property() -> None:
    opened = Disturbance(9.0, "open", "door", 3.0)
    assert not on_bench("good", opened, seconds=13.0).violations
    assert on_bench("door", opened, seconds=13.0).violations


@pytest.mark.wire
def test_a_program_that_hears_no_life_word_is_found() -> None:
    cell = on_bench("life", seconds=12.0)
    assert cell.violations or cell.alarms
    assert cell.parts_good == 0


def test_without_the_blocks_places_nothing_is_tested() -> None:
    twin = Twin.load(CELL, production)
    with pytest.raises(ConfigurationError, match=r"links\.plc: sensors is missing; wanted the block"):
        TestedPlc(twin, table("s7://127.0.0.1/0/1", sensors=None))
    with pytest.raises(ConfigurationError, match=r"sensors: wanted a block's address as DB100 or MB100"):
        TestedPlc(twin, table("s7://127.0.0.1/0/1", sensors="DB100.DBW0"))


def test_what_is_done_to_the_simulated_plc_is_refused(tmp_path: Path) -> None:
    for kind, target in (("plc_stop", ""), ("link_lost", "plc"), ("cell_power_loss", "")):
        scenario = Scenario("stopped", (Disturbance(5.0, kind, target),))
        with pytest.raises(ConfigurationError, match=rf"^disturbance {kind}: wanted one of the plant"):
            run_bench(CELL, seconds=5.0, seed=1, scenario=scenario, folder=tmp_path, real=("plc",))


@pytest.mark.wire
def test_a_plc_that_is_not_there_is_named() -> None:
    twin = Twin.load(CELL, production)
    with (
        pytest.raises(ConnectError, match=r"^plc under test: s7://127\.0\.0\.1:9/0/1: .*connection refused"),
        Bench(twin, tested=table("s7://127.0.0.1:9/0/1")),
    ):
        pass
