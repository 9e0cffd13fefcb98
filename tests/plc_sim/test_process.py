"""Sensors of analogue values, scales, odd parts, guards, islands: what they do between their closed forms."""

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
    Belt,
    Button,
    Cylinder,
    Dispenser,
    Fault,
    Feeder,
    Level,
    LightCurtain,
    LimitSwitch,
    OdeComponent,
    Plc,
    Pusher,
    Ramp,
    Scale,
    Scenario,
    ServoAxis,
    Simulation,
    Slot,
    SpringCylinder,
    Stamp,
    Twin,
    TwoChamberCylinder,
)
from plc_sim.kernel import host
from plc_sim.kernel.island import OdeRow
from plc_sim.kernel.normal import normal
from plc_sim.kernel.part import operations_of
from plc_sim.kernel.slot import SlotRow
from plc_sim.kernel.weight import ScaleRow
from plc_sim.plant import Plant
from plc_sim.scenario import from_data
from tests.plc_sim.pick import CELL

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


# ---- parts ----


def fed(*faults: Fault, **options: Any) -> dict[str, int]:
    belt = Belt(length=3.0, speed=1.0, acceleration=5.0)
    plant = Plant({"belt": belt, "feeder": Feeder(belt, period=1.0, **options)}, Plc(), faults=faults)
    plant.set("belt.run", True)
    until(plant, 20.5)
    return plant.counts()


def test_parts_that_do_not_come_come_in_twos_or_fall_off() -> None:
    usual = fed()
    assert (usual["feeder.fed"], usual["feeder.absent"], usual["belt.lost"]) == (20, 0, 0)
    missing = fed(Fault("set", "feeder.missing", 1.0, delay=4.5, duration=3.0))
    assert (missing["feeder.fed"], missing["feeder.absent"]) == (17, 3)
    double = fed(Fault("set", "feeder.double", 1.0, delay=4.5, duration=3.0))
    assert double["feeder.fed"] == 23
    lost = fed(Fault("set", "belt.lose", 1, delay=4.5), Fault("set", "belt.lose", 1, delay=9.5))
    assert lost["belt.lost"] == 2
    assert lost["feeder.fed"] == lost["belt.lost"] + lost["belt.left"] + lost["belt.parts_on"]


def test_draws_of_odd_parts_leave_all_others_as_they_are() -> None:
    """Good and bad parts come in the same order, whatever share of them lies askew."""
    assert fed(good=0.5) == fed(Fault("set", "feeder.skewed", 0.7, duration=100.0), good=0.5)


def test_a_hand_gets_no_hold_of_a_skewed_part() -> None:
    skewed = Fault("set", "feeder.skewed", 1.0, duration=1e3)
    twin = Twin.load(CELL, Scenario("skewed", faults=(skewed,)))
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(60.0)
    counts = twin.plant.counts()
    assert counts["hand.holds"] == 0 and counts["pallet.parts_on"] == 0 and counts["feeder.fed"] > 0
    assert twin.disturber.happened["late"] == 1
    assert not simulation.violations


def test_a_file_may_name_faults_of_the_kernel() -> None:
    table = {"kind": "bounce", "target": "stop_eye.blocked", "value": 0.004, "when": "stop_eye.blocked"}
    scenario = from_data({"name": "bouncing", "faults": [table]}, "here.toml")
    assert scenario.faults == (Fault("bounce", "stop_eye.blocked", 0.004, when="stop_eye.blocked"),)
    for wrong, said in (
        ({"kind": "bounces", "target": "a"}, "here.toml: faults.0: fault: no kind 'bounces'"),
        ({"kind": "stuck", "target": "a", "value": 2}, "faults.0: fault stuck of a: value: wanted 0 or 1"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            from_data({"name": "wrong", "faults": [wrong]}, "here.toml")


def test_a_stamped_part_says_so() -> None:
    slot, press = Slot(sort=0), SpringCylinder()
    plant = Plant({"slot": slot, "press": press, "stamp": Stamp(press, slot, operation=3)}, Plc())
    for time in (3.0, 6.0):
        plant.set("press.extend", True)
        until(plant, time - 1.0)
        plant.set("press.extend", False)
        until(plant, time)
    assert operations_of(plant.words[plant.row["slot"] + SlotRow.PART]) == 1 << 3
    assert plant.counts()["stamp.done"] == 1


@given(st.lists(st.floats(0.05, 1.5), min_size=1, max_size=10), st.integers(1, 5))
@settings(max_examples=40)
def test_a_pusher_loses_no_part_and_makes_none(gaps: list[float], capacity: int) -> None:
    belt, cylinder = Belt(length=3.0, speed=0.8), SpringCylinder(extend_time=0.1, retract_time=0.1)
    ramp = Ramp(capacity=capacity, length=0.6)
    parts = {
        "belt": belt,
        "feeder": Feeder(belt, mean=0.5),
        "cylinder": cylinder,
        "ramp": ramp,
        "pusher": Pusher(cylinder, belt, at=1.5, outlet=ramp),
    }
    plant = Plant(parts, Plc())
    plant.set("belt.run", True)
    time = 2.0
    for number, gap in enumerate(gaps):
        time += gap
        until(plant, time)
        plant.set("cylinder.extend", number % 2 == 0)
        plant.set("ramp.clear", number % 3 == 0)
        counts = plant.counts()
        in_ramp = counts["ramp.parts_on"] + counts["ramp.removed"]
        assert counts["feeder.fed"] == counts["belt.parts_on"] + counts["belt.left"] + in_ramp
        assert counts["pusher.pushed"] == counts["ramp.taken"] == in_ramp
        assert counts["ramp.parts_on"] <= capacity


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tilt": 10.0}, r"^ramp\.tilt: wanted more than 14\.0, got 10\.0"),
        ({"tilt": math.nan}, r"^ramp\.tilt: wanted a number of 0 to 90"),
        ({"capacity": 6}, r"^ramp\.capacity: wanted at most 5 parts on its length, got 6"),
        ({"sorts": [99]}, r"^ramp\.sorts: wanted sorts of 0 to 62"),
    ],
)
def test_a_ramp_that_cannot_be_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant({"ramp": Ramp(**options)}, Plc())


def test_a_part_that_slides_on_after_the_others_were_taken_out_comes_to_the_foot() -> None:
    """It lies where the first one lay, when it would have come there without them."""
    belt, cylinder = (
        Belt(length=3.0, parts=(1.5, 1.2, 0.9)),
        SpringCylinder(extend_time=0.1, retract_time=0.1),
    )
    ramp = Ramp(capacity=4, length=2.0, tilt=20.0, friction=0.3)
    pusher = Pusher(cylinder, belt, at=1.5, outlet=ramp, reach=0.1)
    plant = Plant({"belt": belt, "cylinder": cylinder, "ramp": ramp, "pusher": pusher}, Plc())
    plant.set("cylinder.extend", True)
    until(plant, 5.0)
    plant.set("cylinder.extend", False)
    plant.set("belt.run", True)
    until(plant, 5.6)
    plant.set("belt.run", False)
    until(plant, 7.0)
    plant.set("cylinder.extend", True)
    plant.stop_at_edges(["ramp.mouth"])
    plant.advance(plant.timing.start + 8 * SECOND)
    entered = plant.now
    plant.stop_at_edges([])
    until(plant, 7.5)
    plant.set("ramp.clear", True)
    until(plant, 30.0)
    assert plant.counts()["ramp.parts_on"] == 1 and plant.counts()["ramp.removed"] == 1
    arrival = plant.words[plant.words[plant.field("ramp.arrivals")[1]]]
    assert arrival - entered == pytest.approx(math.sqrt(2.0 * 2.0 / ramp.slope()) * SECOND, abs=3)


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
