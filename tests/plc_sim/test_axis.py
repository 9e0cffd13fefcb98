"""Axes on motors: limits kept, windows entered and left in order, orders obeyed or refused, setpoints."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.block import DataBlock, reads, writes
from control.errors import ConfigurationError, DefinitionError
from control.tag import Bool, DInt, Int, LReal, Real, ULInt
from plc_sim import Cylinder, Plc, ServoAxis, SetpointEntry, Slot, TurningCrane, Window
from plc_sim.kernel import host
from plc_sim.plant import Plant

SECOND = 1_000_000_000


def motion(plant: Plant) -> tuple[float, ...]:
    return tuple(plant.analogue(f"axis.{name}") for name in ("position", "velocity", "acceleration_actual"))


def until(plant: Plant, time: float) -> None:
    plant.advance(plant.timing.start + round(time * SECOND))


class Commands(DataBlock):
    enable = Bool("0.0")
    start = Bool("0.1")
    target = Real("2")
    coarse = Int("6", raw=(0, 27648), low=0.0, high=2.0, unit="m")
    fine = DInt("8")
    exact = LReal("12")
    large = ULInt("20")


class Feedback(DataBlock):
    position = Real("0")
    velocity = Real("4")
    there = Bool("8.0")


class Interface:
    """What a cell class declares."""

    feedback = reads("plc", Feedback, db=10)
    commands = writes("plc", Commands, db=11)


vars(Interface)["commands"].bind(vars(Interface)["feedback"].bind(0))

orders = st.lists(
    st.tuples(
        st.sampled_from(["forward", "backward", "enable", "jammed", "move"]),
        st.floats(0.0, 2.0),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(orders, st.sampled_from([0.0, 5.0, 300.0]))
@settings(max_examples=80)
def test_an_axis_keeps_to_its_limits_whatever_is_ordered(
    orders: list[tuple[str, float, bool]], jerk: float
) -> None:
    """Speed, acceleration and travel; its windows show where it is, at every sample."""
    windows = [Window("a", 0.0, 0.2), Window("b", 0.5, 0.9), Window("c", 1.5, 2.0)]
    axis = ServoAxis(high=2.0, speed=0.9, acceleration=3.0, jerk=jerk, starts_at=0.1, windows=windows)
    plant = Plant({"axis": axis}, Plc())
    time = 0.0
    for what, number, on in orders:
        if what == "jammed":
            plant.set_parameter("axis.jammed", int(on))
        elif what == "move":
            plant.set("axis.target", number)
            plant.set("axis.start", on)
        else:
            plant.set(f"axis.{what}", on)
        for _ in range(8):
            time += 0.07
            until(plant, time)
            p, v, a = motion(plant)
            assert -1e-9 <= p <= 2.0 + 1e-9
            assert abs(v) <= 0.9 + 1e-9 and abs(a) <= 3.0 + 1e-9
            for window in windows:
                shown = plant.signal_value(f"axis.in_{window.name}")
                near = min(abs(p - window.low), abs(p - window.high)) < 1e-8
                assert near or shown is (window.low < p < window.high)
            assert plant.signal_value("axis.moving") or v == 0.0


@given(st.lists(st.floats(0.0, 2.0), min_size=2, max_size=6))
@settings(max_examples=40)
def test_moves_end_exactly_where_they_were_ordered(targets: list[float]) -> None:
    plant = Plant({"axis": ServoAxis(high=2.0)}, Plc())
    for number, target in enumerate(targets, 1):
        plant.set("axis.target", target)
        plant.set("axis.start", True)
        until(plant, 5.0 * number - 1.0)
        plant.set("axis.start", False)
        until(plant, 5.0 * number)
        assert motion(plant) == (target, 0.0, 0.0)
        assert plant.signal_value("axis.in_position") and plant.counts()["axis.moves"] == number


def test_orders_that_cannot_be_are_refused_and_counted() -> None:
    plant = Plant({"axis": ServoAxis(high=2.0)}, Plc())
    for number, target in enumerate((-0.1, 2.1, math.nan, math.inf), 1):
        plant.set("axis.target", target)
        plant.set("axis.start", True)
        until(plant, 0.1 * number)
        plant.set("axis.start", False)
        until(plant, 0.1 * number + 0.05)
        assert plant.counts()["axis.refused"] == number and motion(plant)[0] == 0.0
    plant.set("axis.target", 1.0)
    plant.set("axis.start", True)
    until(plant, 0.7)
    plant.set("axis.start", False)
    until(plant, 0.71)
    plant.set("axis.start", True)
    until(plant, 9.0)
    assert plant.counts()["axis.refused"] == 5 and motion(plant)[0] == 1.0


def test_a_plc_orders_positions_in_every_number_format() -> None:
    """Each format stands for the same 1.25 m; the safe value counts while the PLC does not hear anybody."""
    axes = {name: ServoAxis(high=100.0) for name in ("target", "coarse", "fine", "exact")}
    commands, feedback = Interface.commands, Interface.feedback
    plc = Plc(
        *(getattr(commands, name) >> axis.target for name, axis in axes.items() if name != "target"),
        SetpointEntry(commands.target, axes["target"].target, safe=7.5),
        axes["target"].position >> feedback.position,
        axes["target"].velocity >> feedback.velocity,
        axes["target"].in_position >> feedback.there,
        *(commands.start >> axis.start for axis in axes.values()),
    )
    plant = Plant(axes, plc)
    place = {name: plant.field(f"{name}.target")[1] for name in axes}
    until(plant, 0.1)
    assert plant.reals[place["target"]] == 7.5
    raw = bytearray(plant.io.writes[0].size)
    for name, value in (("target", 1.25), ("coarse", 1.25), ("fine", -3), ("exact", 1.25)):
        tag: Any = getattr(Commands, name)
        raw[tag.byte : tag.byte + tag.size] = tag.encode(value)
    plant.memory[plant.io.memory.span(plant.io.writes[0])] = bytes(raw)
    host.memory_written(plant.block, plant.now)
    host.set_life(plant.block, 1, plant.now, plant.now)
    until(plant, 0.2)
    assert [plant.reals[place[name]] for name in axes] == [1.25, 1.25, -3.0, 1.25]
    host.set_run(plant.block, 0, plant.now)
    until(plant, 0.3)
    assert [plant.reals[place[name]] for name in axes] == [7.5, 0.0, 0.0, 0.0]


def test_setpoints_that_cannot_be_mapped_are_refused() -> None:
    axis = ServoAxis(high=1.0)
    commands = Interface.commands
    for entry, said in (
        (commands.large >> axis.target, "wanted a signed or short number, got a ULInt"),
        (commands.enable >> axis.target, "wanted a signed or short number, got a Bool"),
        (SetpointEntry(commands.target, axis.target, safe=math.nan), "wanted a finite safe value"),
        (Interface.feedback.position >> axis.target, "wanted a tag of a block that is written"),
    ):
        with pytest.raises(DefinitionError, match=said):
            Plant({"axis": axis}, Plc(entry))
    with pytest.raises(DefinitionError, match="two drivers"):
        Plant({"axis": axis}, Plc(commands.target >> axis.target, commands.exact >> axis.target))
    plant = Plant({"axis": axis}, Plc(commands.target >> axis.target))
    with pytest.raises(ConfigurationError, match=r"^axis\.target: ordered by the PLC"):
        plant.set("axis.target", 0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"low": 2.0}, r"^axis\.low: wanted less than high, 1"),
        ({"starts_at": 1.5}, r"^axis\.starts_at: wanted a position of its travel, 0 to 1, got 1\.5"),
        ({"starts_at": math.nan}, r"^axis\.starts_at: "),
        ({"windows": [Window("a", 0.5, 0.4)]}, r"^axis\.window a: wanted low < high within its travel"),
        ({"windows": [Window("a", 0.5, 1.4)]}, r"^axis\.window a: wanted low < high within its travel"),
        (
            {"windows": [Window("a", 0.1, 0.4), Window("b", 0.3, 0.6)]},
            r"^axis\.window b: wanted it above a, got 0\.3",
        ),
        (
            {"windows": [Window("a", 0.1, 0.2), Window("a", 0.3, 0.6)]},
            r"^axis\.windows: wanted different names",
        ),
    ],
)
def test_an_axis_that_cannot_be_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant({"axis": ServoAxis(high=1.0, **options)}, Plc())


def test_a_crane_stops_serves_its_places_only_lowered() -> None:
    first, lift = Slot(sort=0), Cylinder()
    with pytest.raises(ConfigurationError, match=r"^crane\.places: wanted places at its stops, got 'there'"):
        crane = TurningCrane(lift, stops={"here": 0.0}, places={"there": first})
        Plant({"first": first, "lift": lift, "crane": crane}, Plc())


def test_speeds_of_a_jogged_axis_follow_their_parameter() -> None:
    plant = Plant({"axis": ServoAxis(high=100.0, speed=1.0, acceleration=2.0, jerk=0.0)}, Plc())
    plant.set("axis.forward", True)
    until(plant, 2.0)
    plant.set_parameter("axis.speed", 0.5)
    speeds = []
    for time in (2.1, 2.2, 2.4, 3.0):
        until(plant, time)
        speeds.append(motion(plant)[1])
    assert speeds == pytest.approx([0.8, 0.6, 0.5, 0.5], abs=1e-9)
    assert all(later <= sooner for sooner, later in pairwise(speeds))


def test_an_axis_at_an_end_of_its_travel_is_in_the_window_there() -> None:
    home, far = Window("home", 0.0, 0.1), Window("far", 0.9, 1.0)
    plant = Plant({"axis": ServoAxis(high=1.0, windows=[home, far])}, Plc())
    shown = []
    for number, target in enumerate((1.0, 0.0, 1.0), 1):
        plant.set("axis.target", target)
        plant.set("axis.start", True)
        until(plant, 5.0 * number - 1.0)
        plant.set("axis.start", False)
        until(plant, 5.0 * number)
        shown.append((plant.signal_value("axis.in_home"), plant.signal_value("axis.in_far")))
    plant.set("axis.backward", True)
    until(plant, 25.0)
    shown.append((plant.signal_value("axis.in_home"), plant.signal_value("axis.in_far")))
    assert shown == [(False, True), (True, False), (False, True), (True, False)]
    assert plant.counts()["axis.bumps"] == 1
