"""The PLC link in virtual time, frame by frame: as with images where nothing is wrong, as the real link where
something is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from control.packml import State
from control.project import load_project
from plc_sim import Disturbance, Scenario, Simulation
from plc_sim.framed_link import FramedPlcLink
from plc_sim.scenario import Attendance, production
from plc_sim.twin import Twin, twin_class
from tests.plc_sim.pick import Run

ROOT = Path(__file__).parents[2]
CELLS = sorted(path.parent.name for path in ROOT.glob("cells/*/cell.toml"))
LATER = Disturbance(10_000.0, "s7_split", "plc", value=7.0)
"""Brings frames, and nothing that is wrong with them."""


def trace_of(cell: str, *disturbances: Disturbance, seconds: float = 40.0, **changes: Any) -> Simulation:
    """A run in production, its trace in `hash`; `changes` are of the PLC's table."""
    project = load_project(ROOT / "cells" / cell / "cell.toml")
    project.toml.links["plc"] = project.toml.links["plc"].model_copy(update=changes)
    scenario = Scenario("production", disturbances)
    simulation = Simulation(twin_class(project)(None, seed=7, scenario=scenario, project=project))
    simulation.run(seconds)
    return simulation


@pytest.mark.parametrize("cell", CELLS)
def test_frames_change_nothing_where_nothing_is_wrong(cell: str) -> None:
    """Without the PLC's life word, whose first change the link by images does not await."""
    images, frames = (trace_of(cell, *later, plc_life=None) for later in ((), (LATER,)))
    assert isinstance(frames.twin.plc_link, FramedPlcLink)
    assert frames.hash.entries > 30
    assert frames.hash.hexdigest() == images.hash.hexdigest()


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_starts_once_its_plc_has_been_seen_running(cell: str) -> None:
    images, frames = (trace_of(cell, *later) for later in ((), (LATER,)))
    assert frames.states.visits == images.states.visits
    assert abs(frames.states.times["STOPPED"] - images.states.times["STOPPED"]) < 40_000_000
    assert abs(frames.cell.parts_good - images.cell.parts_good) <= 1


def lost(run: Run) -> list[float]:
    """When the cell noticed that the PLC was lost, in s."""
    return [time for time, name, text in run.trace if name == "alarm" and "answer" in str(text)]


CUT_OFF = {
    "half open": Disturbance(8.0, "s7_half_open", "plc", 3.0),
    "every answer lost": Disturbance(8.0, "s7_lost", "plc", 3.0, 1.0),
    "answers later than the deadline": Disturbance(8.0, "s7_latency", "plc", 3.0, 1.5),
    "the cable cut": Disturbance(8.0, "link_lost", "plc", 3.0),
    "wrong numbers": Disturbance(8.0, "s7_wrong_number", "plc", 3.0, 1.0),
    "items refused": Disturbance(8.0, "s7_item_error", "plc", 3.0, 1.0),
    "answers held back": Disturbance(8.0, "s7_merge", "plc", 3.0, 64.0),
}


@pytest.mark.parametrize("case", CUT_OFF)
def test_a_connection_that_brings_no_answers_stops_the_cell_until_it_does(case: str) -> None:
    run = Run(CUT_OFF[case], LATER, attendance=Attendance.STARTS)
    run.run_until(8.4)
    assert run.cell.state in (State.ABORTING, State.ABORTED)
    run.run_until(10.9)
    assert not run.twin.plc_link.image.good
    assert run.twin.plant.signal_value("plc.tripped"), "no life word reaches the PLC"
    run.run_until(13.2)
    assert run.twin.plc_link.image.good
    assert not run.violations


BORNE = {
    "late answers": Disturbance(8.0, "s7_latency", "plc", 3.0, 0.02),
    "answers in pieces": Disturbance(8.0, "s7_split", "plc", 3.0, 7.0),
    "a small PDU": Disturbance(0.0, "s7_pdu", "plc", 10.0, 240.0),
    "no free connection, with one in use": Disturbance(8.0, "s7_slots", "plc", 3.0, 0.0),
}


@pytest.mark.parametrize("case", BORNE)
def test_what_a_connection_bears_does_not_stop_the_cell(case: str) -> None:
    run = Run(BORNE[case], attendance=Attendance.STARTS)
    run.run_until(14.0)
    assert run.cell.state is State.EXECUTE and not run.cell.alarms and not run.violations


def test_what_a_cut_cable_holds_back_never_arrives_over_a_closed_connection() -> None:
    """The writes of the scan before the cut are in flight when it comes; the connection is given up."""
    run = Run(Disturbance(8.0, "link_lost", "plc", 3.0), LATER, attendance=Attendance.STARTS)
    run.run_until(9.5)
    held = run.twin.plant.memory.tobytes()
    link = run.twin.plc_link
    assert isinstance(link, FramedPlcLink)
    assert all(sending.data[5] == 0xE0 for sending in link.going), "only connection requests wait"
    run.run_until(10.9)
    shown = run.twin.plant.memory.tobytes()
    written = [run.twin.plant.io.memory.span(region) for region in run.twin.plant.io.writes]
    assert [held[place] for place in written] == [shown[place] for place in written]


def test_after_a_cold_start_the_plc_holds_initial_values_for_clients_too() -> None:
    twin = Twin.load(ROOT / "cells" / "pick_cell" / "cell.toml", Scenario("cold", (LATER,)))
    assert twin.framed is not None
    shared, now = twin.framed.shared, twin.plant.advance(twin.now() + 20_000_000)
    shared.show(now)
    (region,) = shared.written
    initial = twin.plant.cut(region)
    other = bytes(octet ^ 0xFF for octet in initial)
    shared.memory.exchange([(region, other)], ())
    shared.collect(now)
    assert twin.plant.cut(region) == other
    twin.disturber.add(Disturbance(0.03, "plc_stop", "", 0.1))
    twin.idle(now + 300_000_000)
    shared.show(twin.now())
    shared.collect(twin.now())
    assert twin.plant.cut(region) == initial == shared.memory.exchange((), [region])[0]


@pytest.mark.parametrize("duration", [0.2, 2.0])
def test_a_plc_that_restarts_is_written_anew_however_short_it_stood(duration: float) -> None:
    """Its blocks have start values; what the cell ordered long before must reach it again."""
    run = Run(Disturbance(8.0, "plc_stop", "", duration), LATER, attendance=Attendance.STARTS)
    run.run_until(8.0 + duration + 0.5)
    assert run.cell.state is State.ABORTED
    lamps = {name: run.twin.plant.signal_value(f"panel.{name}") for name in ("red", "red_flash", "green")}
    assert lamps == {"red": False, "red_flash": True, "green": False}
    assert not run.violations


def test_scenarios_without_faults_of_connections_exchange_images() -> None:
    assert Twin.load(ROOT / "cells" / "pick_cell" / "cell.toml", production).framed is None
