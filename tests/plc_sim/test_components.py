"""Declaring components, maps and plants: what is refused, and how it is said."""

from __future__ import annotations

import math
from typing import Any

import pytest

from control.block import DataBlock, Slot, reads, writes
from control.errors import ConfigurationError, DefinitionError, UnknownName
from control.tag import Bool, Int, Real, Word
from plc_sim.components.arm import RV_6S, Arm, Zone
from plc_sim.components.belt import Belt, EndStop, Feeder, PhotoEye, PickPoint
from plc_sim.components.component import Component, OutputEntry
from plc_sim.components.handling import Chute, Hand, Inspection, Pallet, PalletExchanger
from plc_sim.components.panel import Button, Door, Lamp, Switch
from plc_sim.components.place import Pose
from plc_sim.components.pneumatic import Cylinder, Stopper
from plc_sim.components.timing import MS, Timing
from plc_sim.kernel.row import Kind, Row
from plc_sim.plant import Plant
from plc_sim.plc import Plc


class Status(DataBlock):
    blocked = Bool("0.0")
    other = Bool("0.1")
    speed = Int("2", raw=(0, 100), low=0.0, high=1.0)
    exact = Real("4")


class Command(DataBlock):
    run = Bool("0.0")
    light = Bool("0.1")
    word = Word("2")


class Cell:
    status = reads("plc", Status, db=10)
    command = writes("plc", Command, db=11)


bits = 0
for slot in vars(Cell).values():
    if isinstance(slot, Slot):
        bits += slot.bind(bits)
STATUS, COMMAND = Cell.status, Cell.command


def build(**components: Component) -> Plant:
    return Plant(components, Plc())


def refused(match: str, kind: type[Exception] = ConfigurationError, **components: Component) -> None:
    with pytest.raises(kind, match=match):
        build(**components)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"length": -1.2}, r"^belt.length: wanted more than 0 m \(from infeed to end\), got -1.2$"),
        ({"length": math.nan}, r"^belt\.length: wanted a finite number m .*got nan"),
        ({"length": 1.0, "speed": math.inf}, r"^belt\.speed: wanted a finite number m/s .*got inf"),
        ({"length": 1.0, "speed": 0.0}, r"^belt\.speed: wanted more than 0 m/s .*got 0\.0"),
        ({"length": 1.0, "speed": "fast"}, r"^belt\.speed: wanted a number m/s .*got 'fast'"),
        ({"length": 1.0, "gap": -0.1}, r"^belt\.gap: wanted at least 0 m .*got -0\.1"),
        (
            {"length": 1.0, "parts": (0.5, 0.45)},
            r"^belt\.parts: wanted fronts at least 0\.12 m apart, got \(0\.5, 0\.45\)",
        ),
        ({"length": 1.0, "parts": (1.5,)}, r"^belt\.parts: wanted a position on belt, 0 to 1 m, got 1\.5"),
        (
            {"length": 0.1},
            r"^belt\.part_length: wanted part and gap shorter than the belt of 0\.1 m, got 0\.12",
        ),
    ],
)
def test_a_belt_that_cannot_be(options: dict[str, Any], match: str) -> None:
    refused(match, belt=Belt(**options))


def test_things_beside_a_belt_that_cannot_be() -> None:
    belt = Belt(length=1.2)
    refused(
        r"^eye\.at: wanted a position on belt, 0 to 1\.2 m, got 1\.3$", belt=belt, eye=PhotoEye(belt, at=1.3)
    )
    refused(r"^eye\.at: .*got nan$", belt=belt, eye=PhotoEye(belt, at=math.nan))
    refused(r"^eye\.on_delay: wanted at least 0 s", belt=belt, eye=PhotoEye(belt, at=1.0, on_delay=-1.0))
    refused(r"^end\.at: .*got 2\.0$", belt=belt, end=EndStop(belt, at=2.0))
    refused(r"^stop\.at: .*got -0\.1$", belt=belt, stop=Stopper(belt, at=-0.1))
    refused(r"^stop\.tolerance: wanted at most 0\.4", belt=belt, stop=Stopper(belt, at=0.1, tolerance=0.6))
    refused(r"^point\.at: ", belt=belt, point=PickPoint(belt, at=1.4, pose=Pose(0.4, 0.0, 0.2)))


def test_a_feeder_that_cannot_be() -> None:
    belt = Belt(length=1.2)
    refused(
        r"^feeder\.period: wanted one of period=, mean= and times=, got 'none'",
        belt=belt,
        feeder=Feeder(belt),
    )
    both = Feeder(belt, period=1.0, mean=2.0)
    refused(r"^feeder\.period: .*got 'period, mean'", belt=belt, feeder=both)
    refused(r"^feeder\.times: wanted rising finite times", belt=belt, feeder=Feeder(belt, times=(2.0, 1.0)))
    refused(r"^feeder\.good: wanted at most 1 ", belt=belt, feeder=Feeder(belt, mean=1.0, good=1.5))
    refused(r"^feeder\.shares: wanted 1 to 63 shares", belt=belt, feeder=Feeder(belt, mean=1.0, shares=[0.5]))


def test_an_arm_that_cannot_be() -> None:
    refused(r"^robot\.home: wanted joint 1 within", robot=Arm(home=(3.0, 0.0, 1.0, 0.0, 1.0, 0.0)))
    refused(r"^robot\.home: wanted six finite", robot=Arm(home=(math.nan, 0.0, 1.0, 0.0, 1.0, 0.0)))
    refused(r"^robot\.zone far: wanted a joint of 1 to 6, got 7", robot=Arm(zones=[Zone("far", 7, 0.0, 1.0)]))
    refused(r"^robot\.zone far: wanted finite low < high", robot=Arm(zones=[Zone("far", 1, 1.0, 0.0)]))
    refused(r"^robot\.override: wanted a share", robot=Arm(override=0.0))
    twice = Arm(zones=[Zone("a", 1, 0.0, 1.0), Zone("a", 1, 1.0, 2.0)])
    refused(r"^robot\.zones: wanted different names", robot=twice)


def test_a_place_out_of_the_arms_reach() -> None:
    arm, chute = Arm(), Chute(pose=Pose(1.5, 0.0, 0.2))
    refused(
        r"^chute\.pose: wanted a pose within reach and joint limits of arm, got Pose\(x=1\.5",
        arm=arm,
        chute=chute,
        hand=Hand(arm, places=[chute]),
    )
    pallet = Pallet(rows=2, columns=9, pitch=0.2, pose=Pose(0.3, 0.2, 0.2))
    refused(r"^pallet\.pose: ", arm=arm, pallet=pallet, hand=Hand(arm, places=[pallet]))


def test_mounting_in_a_circle_and_on_strangers() -> None:
    arm = Arm()
    hand = Hand(arm, places=[])
    arm.carriage = hand  # type: ignore[attr-defined]
    refused(r"^arm: wanted a component it does not carry itself, got arm on hand on arm$", arm=arm, hand=hand)
    belt = Belt(length=1.0)
    belt.name = "elsewhere"
    refused(r"^eye: wanted components of this plant, got 'elsewhere'", eye=PhotoEye(belt, at=0.5))


def test_names() -> None:
    refused(r"^plc: wanted a name of its own", plc=Button())
    lamp_ = Lamp()
    refused(r"^second: wanted a name of its own, got 'first'", first=lamp_, second=lamp_)
    with pytest.raises(UnknownName, match=r"arm has no zone 'pik'; did you mean 'pick'"):
        arm = Arm(zones=[Zone("pick", 1, 0.0, 1.0)])
        arm.name = "arm"
        arm.zone("pik")


def plc_refused(match: str, *entries: Any, kind: type[Exception] = DefinitionError) -> None:
    belt = Belt(length=1.0)
    eye, lamp_, press = PhotoEye(belt, at=0.5), Lamp(), Button()
    parts = {"belt": belt, "eye": eye, "lamp": lamp_, "press": press}
    with pytest.raises(kind, match=match):
        Plant(parts, Plc(*(entry(parts) for entry in entries)))


def test_a_map_that_cannot_be() -> None:
    plc_refused(
        r"^belt\.run: two drivers, command\.run and command\.light; wanted one",
        lambda p: COMMAND.run >> p["belt"].run,
        lambda p: COMMAND.light >> p["belt"].run,
    )
    plc_refused(
        r"^status\.blocked: shown there are eye\.blocked and press\.pressed",
        lambda p: p["eye"].blocked >> STATUS.blocked,
        lambda p: p["press"].pressed >> STATUS.blocked,
    )
    plc_refused(
        r"^status\.blocked: shown there are eye\.blocked and eye\.blocked",
        lambda p: p["eye"].blocked >> STATUS.blocked,
        lambda p: p["eye"].blocked >> STATUS.blocked,
    )
    plc_refused(
        r"eye\.blocked >> command\.run: wanted a tag of a block that is read",
        lambda p: p["eye"].blocked >> COMMAND.run,
    )
    plc_refused(
        r"status\.blocked >> belt\.run: wanted a tag of a block that is written",
        lambda p: STATUS.blocked >> p["belt"].run,
    )
    plc_refused(
        r"command\.run >> eye\.blocked: eye\.blocked is driven by the component",
        lambda p: COMMAND.run >> p["eye"].blocked,
    )
    plc_refused(
        r"command\.run >> press\.pressed: .* driven by the operator",
        lambda p: COMMAND.run >> p["press"].pressed,
    )
    plc_refused(
        r"belt\.run >> status\.blocked: belt\.run is driven by the PLC",
        lambda p: p["belt"].run >> STATUS.blocked,
    )
    plc_refused(
        r"eye\.blocked >> status\.speed: wanted a Bool, got a Int", lambda p: p["eye"].blocked >> STATUS.speed
    )
    plc_refused(
        r"belt\.speed_actual >> status\.other: wanted a number",
        lambda p: p["belt"].speed_actual >> STATUS.other,
    )
    plc_refused(r"command\.word >> belt\.run: wanted a Bool", lambda p: COMMAND.word >> p["belt"].run)
    plc_refused(
        r"unbound.*wanted a tag of a block that a cell declares", lambda p: p["eye"].blocked >> unbound()
    )
    with pytest.raises(DefinitionError, match=r"^Plc\.cycle: wanted more than 0 s, got 0\.0"):
        Plc(cycle=0.0)
    with pytest.raises(
        DefinitionError, match=r"^Plc: wanted entries sensor >> tag or tag >> actuator, got 3"
    ):
        Plc(3)  # type: ignore[arg-type]


def unbound() -> Bool:
    tag = Bool("0.0")
    tag.name = tag.path = "unbound"
    return tag


def test_a_tag_that_nothing_fills() -> None:
    plc_refused(
        r"^status\.other \(Bool\) is read and nothing fills it; wanted an entry sensor >> status\.other",
        lambda p: p["eye"].blocked >> STATUS.blocked,
        lambda p: p["belt"].speed_actual >> STATUS.speed,
        lambda p: p["belt"].speed_actual >> STATUS.exact,
        kind=ConfigurationError,
    )


def test_parameters_are_varied_by_name_and_checked() -> None:
    belt = Belt(length=1.2)
    plant = Plant({"belt": belt}, Plc(), parameters={"belt.speed": 0.4})
    assert plant.reals[plant.field("belt.speed")[1]] == 0.4 and belt.speed == 0.5
    with pytest.raises(
        ConfigurationError, match=r"^parameters: the plant has no 'belt\.sped'; did you mean 'belt\.speed'"
    ):
        Plant({"belt": belt}, Plc(), parameters={"belt.sped": 0.4})
    with pytest.raises(ConfigurationError, match=r"^belt\.speed: wanted more than 0 m/s"):
        Plant({"belt": belt}, Plc(), parameters={"belt.speed": -0.4})
    with pytest.raises(
        ConfigurationError, match=r"^belt\.length: wanted a parameter that may change while running"
    ):
        plant.set_parameter("belt.length", 2.0)
    with pytest.raises(ConfigurationError, match=r"^belt\.speed: wanted a finite number"):
        plant.set_parameter("belt.speed", math.nan)
    with pytest.raises(UnknownName, match=r"belt has no 'sped'; did you mean 'speed'"):
        plant.set_parameter("belt.sped", 1.0)


def test_signals_are_set_only_where_nobody_else_drives_them() -> None:
    belt, lamp_ = Belt(length=1.0), Lamp()
    plant = Plant(
        {"belt": belt, "lamp": lamp_}, Plc(COMMAND.run >> belt.run, OutputEntry(COMMAND.light, lamp_.lit))
    )
    with pytest.raises(ConfigurationError, match=r"^belt\.moving: driven by belt"):
        plant.set("belt.moving", True)
    with pytest.raises(ConfigurationError, match=r"^belt\.run: driven by the PLC"):
        plant.set("belt.run", True)
    with pytest.raises(UnknownName, match=r"the plant has no signal 'belt\.runs'; did you mean 'belt\.run'"):
        plant.set("belt.runs", True)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"link_delay": (1, 5)}, r"^timing\.link_delay: wanted 2 ns <= shortest <= longest, got \(1, 5\)"),
        ({"link_delay": (2, 10 * MS)}, r"^timing\.link_jitter: wanted 1 ns to 0 ns"),
        ({"link_jitter": 9 * MS}, r"^timing\.link_jitter: wanted 1 ns to 8000000 ns .* got 9000000 ns"),
        ({"scan_lateness": 10 * MS}, r"^timing\.scan_lateness: .*got 10000000 ns"),
        ({"plc_phase": -1}, r"^timing\.plc_phase: wanted whole ns, not negative, got -1"),
    ],
)
def test_timing_that_cannot_be(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        Timing(**options)


def test_every_parameter_has_a_meaning_and_every_quantity_a_unit() -> None:
    def rows(row: Any) -> list[Any]:
        return [row, *(below for cls in row.__subclasses__() for below in rows(cls))]

    unitless = {"GOOD", "TOLERANCE", "OVERRIDE", "SCALE", "LIMIT", "RAW_LOW", "LOW", "LEAST", "GREATEST"}
    for row in rows(Row):
        assert row.__doc__
        for name, field in row.fields.items():
            declaration = field.declaration
            assert declaration.doc, name
            if (
                declaration.kind in (Kind.REAL, Kind.DURATION)
                and name not in unitless
                and "share" not in declaration.doc
            ):
                assert declaration.unit, f"{row.__name__}.{name}"
    kinds = [row.KIND for row in rows(Row) if row.KIND]
    assert len(kinds) == len(set(kinds)) > 12


def test_every_component_can_stand_in_one_plant() -> None:
    belt, arm = Belt(length=1.0), Arm()
    point = PickPoint(belt, at=0.9, pose=Pose(0.4, 0.0, 0.2))
    pallet, chute = (
        Pallet(rows=1, columns=2, pitch=0.05, pose=Pose(0.3, 0.2, 0.2)),
        Chute(pose=Pose(0.3, -0.2, 0.2)),
    )
    plant = build(
        belt=belt,
        arm=arm,
        point=point,
        pallet=pallet,
        chute=chute,
        feeder=Feeder(belt, period=1.0),
        eye=PhotoEye(belt, at=0.5),
        end=EndStop(belt, at=0.9),
        stop=Stopper(belt, at=0.3),
        lift=Cylinder(),
        hand=Hand(arm, places=[point, pallet, chute]),
        exchanger=PalletExchanger(pallet),
        camera=Inspection(point),
        door=Door(),
        button=Button(),
        switch=Switch(starts_on=True),
        lamp=Lamp(),
    )
    assert (
        plant.signal_value("switch.on")
        and plant.signal_value("door.channel_1")
        and plant.signal_value("stop.extended")
    )
    assert plant.advance(plant.now + 1000 * MS) == plant.timing.start + 1000 * MS


def test_the_arms_figures_are_those_of_its_model() -> None:
    assert [round(math.degrees(speed)) for speed in RV_6S.speed] == [250, 267, 267, 352, 450, 660]
    assert RV_6S.acceleration == tuple(speed / 0.2 for speed in RV_6S.speed)
