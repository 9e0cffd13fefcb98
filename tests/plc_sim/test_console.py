"""Lines that set and release faults on a served twin: what they do, and how a bad one is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from control.errors import ConfigurationError
from plc_sim.console import answer
from plc_sim.scenario import CONNECTION, Disturbance
from plc_sim.served import Served
from plc_sim.twin import Twin

CELLS = Path(__file__).parents[2] / "cells"
CELL, STATION = CELLS / "pick_cell" / "cell.toml", CELLS / "distributing_station" / "cell.toml"


@pytest.fixture
def twin() -> Twin:
    return Twin.load(CELL)


def say(twin: Twin, line: str) -> str:
    """One line, and the instant it takes."""
    told = answer(line, twin, twin.now())
    twin.disturber.apply(twin.now())
    twin.plant.advance(twin.now() + 100_000_000)
    return told


def test_a_fault_lasts_until_it_is_released(twin: Twin) -> None:
    assert say(twin, "open door") == "the guard door door is opened, until released"
    assert not twin.plant.signal_value("door.channel_1")
    assert say(twin, "release door") == "released: open door"
    assert twin.plant.signal_value("door.channel_1")
    assert say(twin, "release door") == "refused: release: nothing of that name lasts; lasting: nothing"


def test_a_fault_with_a_duration_ends_by_itself_and_its_end_does_no_harm_to_the_next(twin: Twin) -> None:
    assert say(twin, "open door 0.5") == "the guard door door is opened, for 0.5 s"
    assert say(twin, "release open") == "released: open door"
    assert say(twin, "open door") == "the guard door door is opened, until released"
    twin.plant.advance(twin.now() + 600_000_000)
    twin.disturber.apply(twin.now())
    twin.plant.advance(twin.now() + 100_000_000)
    assert not twin.plant.signal_value("door.channel_1")
    assert twin.disturber.active_faults() == ["open door"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("press panel.hold", "the operator presses panel.hold, for 0.2 s"),
        ("stuck stop_eye.blocked 1 3", "stop_eye.blocked is stuck at 1, for 3 s"),
        ("late stop_eye.on_delay 0.5", "stop_eye.on_delay becomes 0.5 s, until released"),
        ("plc_stop 2", "the PLC goes to STOP, for 2 s"),
        ("robot_alarm robot", "the robot robot raises an alarm that cannot be acknowledged, until released"),
    ],
)
def test_each_sort_of_line_is_answered_by_what_it_does(twin: Twin, line: str, told: str) -> None:
    assert say(twin, line) == told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("opne door", "refused: opne: wanted KIND [TARGET] [VALUE] [SECONDS], as open door 2.0, or release"),
        ("open dor", "refused: disturbance open: no door 'dor'; did you mean 'door'?"),
        ("open", "refused: disturbance open: no door ''; "),
        ("open door soon", "refused: open: wanted a number, got 'soon'"),
        (
            "open door 2 3",
            "refused: open: wanted KIND [TARGET] [VALUE] [SECONDS], as open door 2.0, or release",
        ),
        ("open door -1", "refused: disturbance open: duration: wanted 0 s or more, got -1.0"),
        ("open door nan", "refused: disturbance open: duration: wanted 0 s or more, got nan"),
        ("stuck stop_eye.blocked", "refused: stuck stop_eye.blocked: wanted its value (0 or 1) as well"),
        (
            "controller_power_loss",
            "refused: controller_power_loss: the controller is another process",
        ),
        ("release", "refused: release: nothing of that name lasts; lasting: nothing"),
    ],
)
def test_a_bad_line_is_refused_and_does_nothing(twin: Twin, line: str, told: str) -> None:
    assert say(twin, line).startswith(told)
    assert twin.disturber.done == []


USUAL = {"pdu": 960, "slots": 16}
VALUES = {"latency": 0.3, "jitter": 0.1, "split": 7, "merge": 3, "pdu": 240, "slots": 1}


@pytest.mark.wire
def test_connections_of_a_served_plc_are_faulty_until_they_are_released(tmp_path: Path) -> None:
    twin = Twin.load(STATION)
    with Served(twin, tmp_path) as served:
        faults = served.plc.faults
        assert faults is not None

        def ask(line: str) -> str:
            told = served.ask(lambda now: answer(line, twin, now))
            served.ask(lambda now: twin.disturber.apply(now))
            return told

        for name, kind in CONNECTION.items():
            value = VALUES.get(name, 0.5) if kind.value else 1
            line = f"s7_{name} plc {value:g}" if kind.value else f"s7_{name} plc"
            assert ask(line) == kind.text.format(target="plc", value=value) + ", until released"
            assert getattr(faults, name) == value
            assert ask(f"release s7_{name}") == f"released: s7_{name} plc"
            assert getattr(faults, name) == USUAL.get(name, 0)
        assert ask("s7_lost plc 2").startswith(
            "refused: disturbance s7_lost: value: wanted a share from 0 to 1"
        )
        assert not faults.any


def test_a_twin_that_exchanges_images_has_no_connection_to_be_faulty() -> None:
    twin = Twin.load(STATION)
    twin.disturber.add(Disturbance(1.0, "s7_lost", "plc", 1.0, 0.5))
    with pytest.raises(ConfigurationError, match=r"^disturbance s7_lost: wanted a twin that exchanges S7 fr"):
        twin.disturber.apply(twin.now() + 2_000_000_000)
