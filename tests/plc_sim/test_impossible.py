"""Impossible parameters are refused when the plant is built, by name, whatever the component."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest

import plc_sim
from control.errors import ConfigurationError
from plc_sim import (
    AnalogueSensor,
    Arm,
    Belt,
    Buffer,
    Button,
    CapacitiveSensor,
    Chute,
    ColourSensor,
    Component,
    Cylinder,
    Dispenser,
    Door,
    EndStop,
    Feeder,
    Hand,
    InductiveSensor,
    Infeed,
    Inspection,
    Lamp,
    LightCurtain,
    LimitSwitch,
    Magazine,
    OdeComponent,
    Pallet,
    PalletExchanger,
    Panel,
    PhotoEye,
    PickPoint,
    Plc,
    Pose,
    Pusher,
    Ramp,
    Scale,
    ServoAxis,
    Slot,
    SpringCylinder,
    StackLight,
    Stamp,
    Station,
    Stopper,
    Switch,
    SwivelArm,
    TurningCrane,
    TwoChamberCylinder,
    UserComponent,
    VacuumGripper,
)
from plc_sim.plant import Plant


def stands_still(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """An island in which nothing happens."""
    return 0


def beating(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: N803, E741
    """A component that does nothing every second."""
    return t + 1_000_000_000


def one_of_each() -> dict[str, Component]:
    """A plant with every component there is."""
    belt, arm = Belt(length=1.0), Arm()
    point, pallet = (
        PickPoint(belt, at=0.9, pose=Pose(0.4, 0.0, 0.2)),
        Pallet(rows=1, columns=2, pitch=0.05, pose=Pose(0.3, 0.2, 0.2)),
    )
    chute, first, second = Chute(pose=Pose(0.3, -0.2, 0.2)), Slot(), Slot()
    axis, ramp, scale, lift = ServoAxis(high=1.0), Ramp(), Scale(), Cylinder()
    pusher, swivel, between = SpringCylinder(), SwivelArm(first=first, second=second), Buffer(capacity=2)
    return {
        "belt": belt,
        "arm": arm,
        "point": point,
        "pallet": pallet,
        "chute": chute,
        "first": first,
        "second": second,
        "pusher": pusher,
        "swivel": swivel,
        "between": between,
        "infeed": Infeed(belt),
        "metal": InductiveSensor(belt, at=0.4, sorts=[1]),
        "any": CapacitiveSensor(first),
        "red": ColourSensor(second, sorts=[0, 2]),
        "feeder": Feeder(belt, period=1.0),
        "eye": PhotoEye(belt, at=0.5),
        "end": EndStop(belt, at=0.9),
        "stop": Stopper(belt, at=0.3),
        "lift": lift,
        "hand": Hand(arm, places=[point, pallet, chute]),
        "exchanger": PalletExchanger(pallet),
        "camera": Inspection(point),
        "door": Door(),
        "button": Button(),
        "switch": Switch(),
        "lamp": Lamp(),
        "magazine": Magazine(pusher, first),
        "cup": VacuumGripper(swivel),
        "station": Station(time=1.0, source=between, destination=second),
        "supplier": Station(time=1.0, destination=between),
        "axis": axis,
        "crane": TurningCrane(lift, stops={"here": 0.0, "there": 1.0}, places={"here": first}),
        "stamp": Stamp(lift, second),
        "ramp": ramp,
        "push": Pusher(lift, belt, at=0.6, outlet=ramp),
        "contact": LimitSwitch(axis.moving),
        "meter": AnalogueSensor(axis.position),
        "curtain": LightCurtain(),
        "light": StackLight(),
        "scale": scale,
        "valve": Dispenser(scale),
        "drive": TwoChamberCylinder(),
        "island": OdeComponent(stands_still, {"x": 0.0}),
        "beat": UserComponent(beating),
    }


ABSTRACT = {Component, Panel}
NUMBERS = [
    (name, parameter)
    for name, component in one_of_each().items()
    for parameter, value in component.parameters().items()
    if isinstance(value, int | float)
]
IMPOSSIBLE = (math.nan, math.inf, -math.inf, "wide", None, 1j, -1e300, 1e300)


def test_every_exported_component_is_here() -> None:
    exported = {kind for name in plc_sim.__all__ if inspect.isclass(kind := getattr(plc_sim, name))}
    components = {kind for kind in exported if issubclass(kind, Component)} - ABSTRACT
    assert components <= {type(component) for component in one_of_each().values()}
    assert len(NUMBERS) > 60


@pytest.mark.parametrize(("name", "parameter"), NUMBERS)
def test_a_number_that_cannot_be_is_refused_by_name(name: str, parameter: str) -> None:
    for value in IMPOSSIBLE:
        with pytest.raises(ConfigurationError, match=rf"^{name}\.{parameter}: wanted .*got ") as caught:
            Plant(one_of_each(), Plc(), parameters={f"{name}.{parameter}": value})
        assert repr(value) in str(caught.value)


def refused(components: dict[str, Any], said: str, plc: Plc | None = None) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant(components, plc or Plc())


def test_what_cannot_stand_together_is_refused() -> None:
    belt, arm = Belt(length=1.0), Arm()
    refused({"belt": Belt(length=-1.0)}, r"^belt\.length: wanted more than 0 m .*got -1\.0")
    refused({"belt": belt, "eye": PhotoEye(belt, at=1.5)}, r"^eye\.at: wanted a position on belt, 0 to 1 m")
    refused(
        {"belt": Belt(length=1.0, parts=(0.5, 0.55))}, r"^belt\.parts: wanted fronts at least 0\.12 m apart"
    )
    far = Chute(pose=Pose(5.0, 0.0, 0.2))
    refused(
        {"arm": arm, "far": far, "hand": Hand(arm, places=[far])}, r"^far\.pose: wanted a pose within reach"
    )
    slot = Slot()
    swivel = SwivelArm(first=slot, second=slot)
    refused({"slot": slot, "swivel": swivel}, r"^swivel\.second: wanted another place than first")


def test_a_component_mounted_on_itself_is_refused() -> None:
    first, second = PalletExchanger.__new__(PalletExchanger), PalletExchanger.__new__(PalletExchanger)
    first.__init__(second)  # type: ignore[misc, arg-type]
    second.__init__(first)  # type: ignore[misc, arg-type]
    refused({"first": first, "second": second}, "^first: wanted a component it does not carry itself")


def test_a_belt_of_more_parts_than_there_can_be_is_refused() -> None:
    small = Belt(length=100.0, part_length=1e-6, gap=0.0)
    refused({"belt": small}, r"^belt\.part_length: wanted part and gap of at least 0\.01 m, got 1e-06")
