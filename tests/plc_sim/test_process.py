"""Sensors of analogue values, contacts, guards, scales, islands: what they do between closed forms."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.block import DataBlock, reads
from control.errors import ConfigurationError
from control.tag import Int, Real
from plc_sim import (
    AnalogueSensor,
    Button,
    Cylinder,
    Dispenser,
    Fault,
    Level,
    LightCurtain,
    LimitSwitch,
    OdeComponent,
    Plc,
    Scale,
    ServoAxis,
    TwoChamberCylinder,
)
from plc_sim.kernel import host
from plc_sim.kernel.normal import normal
from plc_sim.kernel.ode_row import OdeRow
from plc_sim.kernel.scale_row import ScaleRow
from plc_sim.plant import Plant

SECOND = 1_000_000_000


def until(plant: Plant, time: float) -> None:
    plant.advance(plant.timing.start + round(time * SECOND))


class Status(DataBlock):
    value = Real("0")
    coarse = Int("4")
    plain = Real("6")


class Interface:
    """What a cell class declares."""

    status = reads("plc", Status, db=10)


vars(Interface)["status"].bind(0)


def shown(plant: Plant) -> tuple[float, float]:
    """The sensor's value and the plain one, as the PLC shows them now."""
    host.refresh_memory(plant.block, plant.now)
    raw = plant.cut(plant.io.reads[0])
    return Status.value.decode(raw), Status.plain.decode(raw)


def metered(**options: Any) -> Plant:
    """A moving axis whose position the PLC shows as it is and as a sensor has it."""
    axis = ServoAxis(high=10.0, speed=1.0, acceleration=2.0, jerk=0.0)
    meter = AnalogueSensor(axis.position, **options)
    status = Interface.status
    plc = Plc(
        meter.value >> status.value, meter.value >> status.coarse, axis.position >> status.plain, cycle=0.01
    )
    plant = Plant({"axis": axis, "meter": meter}, plc)
    plant.set("axis.forward", True)
    return plant


@given(st.floats(0.2, 5.0), st.floats(0.1, 3.0))
@settings(max_examples=25)
def test_a_frozen_sensor_says_what_it_said(begin: float, lasts: float) -> None:
    plant = metered()
    until(plant, begin)
    before, truth = shown(plant)
    assert before == pytest.approx(truth, abs=1e-6)
    plant.set_parameter("meter.frozen", 1)
    until(plant, begin + lasts)
    value, truth = shown(plant)
    assert value == pytest.approx(before, abs=1.1e-2) and truth > value + 0.01
    plant.set_parameter("meter.frozen", 0)
    until(plant, begin + lasts + 0.1)
    assert shown(plant)[0] == pytest.approx(shown(plant)[1], abs=1e-6)


def test_noise_is_a_function_of_the_instant_and_the_seed() -> None:
    first, second = metered(noise=0.05), metered(noise=0.05)
    until(first, 1.0)
    until(first, 2.0)
    until(second, 2.0)
    assert shown(first) == shown(second)
    assert shown(first)[0] != shown(first)[1]


def test_a_value_is_quantised_and_limited() -> None:
    plant = metered(resolution=0.25, most=3.0, gain=2.0)
    seen = set()
    for tenth in range(1, 60):
        until(plant, tenth / 10)
        seen.add(shown(plant)[0])
    assert seen <= {k * 0.25 for k in range(13)} and max(seen) == 3.0


def test_a_sensor_of_a_sensor_is_refused() -> None:
    axis = ServoAxis(high=1.0)
    meter = AnalogueSensor(axis.position)
    with pytest.raises(ConfigurationError, match=r"^second\.source: wanted an analogue value of a component"):
        Plant({"axis": axis, "meter": meter, "second": AnalogueSensor(meter.value)}, Plc())
    with pytest.raises(ConfigurationError, match=r"^meter\.least: wanted less than most, 1"):
        Plant({"axis": axis, "meter": AnalogueSensor(axis.position, least=2.0, most=1.0)}, Plc())


@given(st.floats(1e-12, 1.0 - 1e-12))
def test_normal_draws_rise_and_are_odd(draw: float) -> None:
    assert normal(draw) == pytest.approx(-normal(1.0 - draw), abs=1e-3 if abs(draw - 0.5) > 0.49 else 1e-9)
    assert normal(draw) <= normal(min(draw + 1e-9, 1.0 - 1e-13))


# ---- contacts and guards ----


@given(st.integers(1, 400), st.floats(0.001, 0.05), st.integers(0, 9))
@settings(max_examples=40)
def test_a_limit_switch_bounces_within_its_time_and_no_more_than_it_may(
    seed: int, settle: float, bounces: int
) -> None:
    button = Button()
    switch = LimitSwitch(button.pressed, settle=settle, bounces=bounces)
    plant = Plant({"button": button, "switch": switch}, Plc(), seed=seed)
    plant.stop_at_edges(["switch.contact"])
    for number in range(4):
        begin = plant.now
        plant.set("button.pressed", number % 2 == 0)
        changes = 0
        while plant.now < begin + SECOND:
            before = plant.signal_value("switch.contact")
            plant.advance(begin + SECOND)
            if plant.signal_value("switch.contact") is not before:
                changes += 1
                assert plant.now <= begin + settle * SECOND + 1
        assert changes % 2 == 1 and changes <= 2 * bounces + 1
        assert plant.signal_value("switch.contact") is (number % 2 == 0)


def test_what_is_shorter_than_its_time_a_light_curtain_does_not_see() -> None:
    plant = Plant({"curtain": LightCurtain(off_time=0.03)}, Plc())
    plant.set("curtain.interrupted", True)
    until(plant, 0.02)
    plant.set("curtain.interrupted", False)
    plant.stop_at_edges(["curtain.channel_1", "curtain.channel_2"])
    until(plant, 5.0)
    assert plant.now == plant.timing.start + 5 * SECOND


# ---- scales ----


@given(st.lists(st.floats(0.01, 2.0), min_size=1, max_size=8), st.floats(0.05, 0.5))
@settings(max_examples=40)
def test_a_scale_says_stable_when_it_is(gaps: list[float], constant: float) -> None:
    scale = Scale(time=constant, band=0.0005)
    plant = Plant({"scale": scale, "valve": Dispenser(scale, flow=0.01)}, Plc())
    time = 0.1
    for number, gap in enumerate(gaps):
        plant.set("valve.open", number % 2 == 0)
        plant.set("scale.tare", number % 3 == 1)
        plant.set("scale.empty", number % 4 == 3)
        time += gap
        until(plant, time)
        mass, flow = (plant.reals[plant.row["scale"] + field] for field in (ScaleRow.MASS, ScaleRow.FLOW))
        assert mass >= -1e-12 and flow in (0.0, 0.01)
    until(plant, time + 60.0)
    plant.set("valve.open", False)
    until(plant, time + 120.0)
    row = plant.row["scale"]
    assert plant.signal_value("scale.stable")
    assert plant.reals[row + ScaleRow.SHOWN] == plant.reals[row + ScaleRow.MASS]


# ---- islands ----


def spring(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """A body on a spring: position and speed; its own word is the stiffness over the mass."""
    F[o + OdeRow.SLOPE] = F[o + OdeRow.STAGE + 1]
    F[o + OdeRow.SLOPE + 1] = -F[I[o + OdeRow.WORDS]] * F[o + OdeRow.STAGE]
    return 0


def test_an_island_of_ones_own_shows_its_states_and_crosses_its_levels() -> None:
    """cos(w t): every zero crossing, on time."""
    body = OdeComponent(
        spring, {"x": 1.0, "v": 0.0}, step=1e-3, words=(25.0,), levels=[Level("x", 0.0, shows="right")]
    )
    status = Interface.status
    plc = Plc(
        body.value("x") >> status.value, body.value("v") >> status.plain, body.value("x") >> status.coarse
    )
    plant = Plant({"body": body}, plc)
    plant.stop_at_edges(["body.right"])
    crossings = []
    for _ in range(6):
        plant.advance(plant.timing.start + 20 * SECOND)
        crossings.append((plant.now - plant.timing.start) / SECOND)
    assert crossings == pytest.approx([(k + 0.5) * math.pi / 5.0 for k in range(6)], abs=1e-7)
    plant.stop_at_edges([])
    until(plant, 6.013)
    assert shown(plant)[0] == pytest.approx(math.cos(5.0 * 6.013), abs=1e-5)


def test_an_island_at_rest_costs_nothing() -> None:
    plant = Plant({"drive": TwoChamberCylinder()}, Plc())
    plant.set("drive.extend", True)
    until(plant, 30.0)
    steps = plant.counts()["drive.steps"]
    until(plant, 3000.0)
    assert plant.counts()["drive.steps"] == steps > 1000
    assert plant.signal_value("drive.extended")


def test_a_heavier_load_and_less_air_make_a_chamber_cylinder_slower() -> None:
    def extended_after(air: float, **options: Any) -> int:
        drive = TwoChamberCylinder(**options)
        plant = Plant({"drive": drive}, Plc(), faults=[Fault("set", "air", air, duration=100.0)])
        plant.set("drive.extend", True)
        plant.stop_at_edges(["drive.extended"])
        plant.advance(plant.timing.start + 50 * SECOND)
        assert plant.signal_value("drive.extended")
        return plant.now

    usual = extended_after(1.0)
    assert extended_after(1.0, mass=40.0) > usual and extended_after(0.6) > usual
    assert extended_after(1.0, outlet=8e-6) < usual


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: OdeComponent(spring, {}), r"^part\.states: wanted 1 to 16 states, got 0"),
        (lambda: OdeComponent(spring, {"x": math.nan}), r"^part\.states: wanted finite numbers"),
        (lambda: OdeComponent(spring, {"x": 1.0}, step=0.0), r"^part\.step: wanted 1e-9 to 1 s, got 0"),
        (lambda: OdeComponent(spring, {"x": 1.0}, levels=[Level("y", 0.0)]), r"^part\.levels: "),
        (lambda: TwoChamberCylinder(rod=0.05), r"^part\.rod: wanted 0 < rod < bore in m"),
        (lambda: TwoChamberCylinder(conductance=-1.0), r"^part\.conductance: wanted more than 0"),
        (lambda: Scale(time=0.0), r"^part\.time: wanted at least 1e-06 s"),
    ],
)
def test_process_components_that_cannot_be_are_refused(make: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant({"part": make()}, Plc())


def test_everything_is_the_same_from_a_snapshot_on() -> None:
    """Axis, scale, sensor, ramp and island go on from a snapshot as they went on from there."""
    axis, scale = ServoAxis(high=2.0), Scale()
    parts = {
        "axis": axis,
        "meter": AnalogueSensor(axis.position, noise=0.1, drift=0.01),
        "scale": scale,
        "valve": Dispenser(scale),
        "drive": TwoChamberCylinder(),
        "lift": Cylinder(),
    }
    plant = Plant(parts, Plc())
    for name in ("axis.forward", "valve.open", "drive.extend"):
        plant.set(name, True)
    until(plant, 0.313)
    kept = plant.snapshot()
    until(plant, 4.0)
    after = plant.snapshot()
    plant.restore(kept)
    until(plant, 1.0)
    until(plant, 4.0)
    assert (plant.block == after).all()
