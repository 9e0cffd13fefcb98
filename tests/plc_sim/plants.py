"""Plants that the kernel's tests share."""

from __future__ import annotations

import math
from typing import Any

from control.block import DataBlock, reads, writes
from control.tag import Bool, Int, Real
from plc_sim.components.arm import Arm, Zone
from plc_sim.components.belt import Belt, EndStop, Feeder, PhotoEye, PickPoint
from plc_sim.components.component import OutputEntry
from plc_sim.components.handling import Chute, Hand, Inspection, Pallet, PalletExchanger
from plc_sim.components.panel import Door, Panel, button, lamp
from plc_sim.components.place import Pose
from plc_sim.components.pneumatic import Stopper
from plc_sim.plant import Plant
from plc_sim.plc import Plc


class Status(DataBlock):
    entry = Bool("0.0")
    waiting = Bool("0.1")
    at_stop = Bool("0.2")
    retracted = Bool("0.3")
    extended = Bool("0.4")
    tripped = Bool("0.5")
    reset = Bool("0.6")
    closed_1 = Bool("0.7")
    closed_2 = Bool("1.0")
    moving = Bool("1.1")
    picking = Bool("1.2")
    present = Bool("1.3")
    full = Bool("1.4")
    in_place = Bool("1.5")
    ready = Bool("1.6")
    part_good = Bool("1.7")
    speed = Int("2", raw=(0, 27648), low=0.0, high=2.0, unit="m/s")
    stroke = Real("4")
    belt_moves = speed.above(0.05)
    slow = speed.below(0.3)
    half_out = stroke.above(0.5)


class Command(DataBlock):
    run = Bool("0.0")
    extend = Bool("0.1")
    retract = Bool("0.2")
    close = Bool("0.3")
    inspect = Bool("0.4")
    exchange = Bool("0.5")
    robot_on = Bool("0.6")
    green = Bool("0.7")


class Interface:
    """What a cell class declares."""

    status = reads("plc", Status, db=10)
    command = writes("plc", Command, db=11)


vars(Interface)["command"].bind(vars(Interface)["status"].bind(0))


class OperatorPanel(Panel):
    reset = button("resets the fail-safe latch")
    green = lamp("in production")


ABOVE_STOP = Pose(0.42, 0.0, 0.25)
AT_STOP = Pose(0.42, 0.0, 0.15)
FIRST_PLACE = Pose(0.1, 0.3, 0.15)
CHUTE = Pose(0.0, -0.4, 0.2)


def pick_parts(feed: dict[str, Any] | None = None) -> dict[str, Any]:
    belt = Belt(length=1.2)
    stop_point = PickPoint(belt, at=1.0, pose=AT_STOP)
    pallet = Pallet(rows=3, columns=4, pitch=0.06, pose=FIRST_PLACE)
    chute = Chute(pose=CHUTE)
    robot = Arm(tool_length=0.1, zones=[Zone("picking", 1, -0.3, 0.3), Zone("placing", 1, 0.6, 1.8)])
    return {
        "belt": belt,
        "feeder": Feeder(belt, **(feed or {"mean": 2.5, "good": 0.9})),
        "entry_eye": PhotoEye(belt, at=0.15),
        "wait_eye": PhotoEye(belt, at=0.58),
        "stop_eye": PhotoEye(belt, at=0.99),
        "stopper": Stopper(belt, at=0.6),
        "end": EndStop(belt, at=1.0),
        "stop_point": stop_point,
        "pallet": pallet,
        "chute": chute,
        "exchanger": PalletExchanger(pallet, time=6.0),
        "robot": robot,
        "hand": Hand(robot, places=[stop_point, pallet, chute]),
        "camera": Inspection(stop_point),
        "door": Door(),
        "panel": OperatorPanel(),
    }


def pick_map(parts: dict[str, Any], **options: Any) -> Plc:
    status, command, p = Interface.status, Interface.command, parts
    return Plc(
        p["entry_eye"].blocked >> status.entry,
        p["wait_eye"].blocked >> status.waiting,
        p["stop_eye"].blocked >> status.at_stop,
        p["stopper"].retracted >> status.retracted,
        p["stopper"].extended >> status.extended,
        Plc.tripped >> status.tripped,
        p["panel"].reset >> status.reset,
        p["door"].channel_1 >> status.closed_1,
        p["door"].channel_2 >> status.closed_2,
        p["robot"].moving >> status.moving,
        p["robot"].zone("picking") >> status.picking,
        p["hand"].part_present >> status.present,
        p["pallet"].full >> status.full,
        p["exchanger"].in_place >> status.in_place,
        p["camera"].ready >> status.ready,
        p["camera"].good >> status.part_good,
        p["belt"].speed_actual >> status.speed,
        p["stopper"].position >> status.stroke,
        command.run >> p["belt"].run,
        command.extend >> p["stopper"].extend,
        command.retract >> p["stopper"].retract,
        command.close >> p["hand"].close,
        command.inspect >> p["camera"].start,
        command.exchange >> p["exchanger"].run,
        command.robot_on >> p["robot"].stop_input,
        OutputEntry(command.green, p["panel"].green, failsafe=False),
        **{"reset": p["panel"].reset, **options},
    )


def pick_plant(feed: dict[str, Any] | None = None, **options: Any) -> Plant:
    """A belt with stopper and eyes, an arm that packs good parts on a pallet, a chute for bad ones."""
    parts = pick_parts(feed)
    return Plant(parts, pick_map(parts), **options)


HOME = (0.0, 0.0, math.pi / 2, 0.0, math.pi / 2, 0.0)
