"""The pick cell's twin: belt with stopper, six-axis arm with hand, pallet exchange, guard door, operator
panel.
"""

from __future__ import annotations

import math

from control import OUTSIDE, Bool, DataBlock, Program, Sequence, Step, reads, writes
from plc_sim import (
    Arm,
    Belt,
    Door,
    Feeder,
    Hand,
    Inspection,
    Operator,
    OutputEntry,
    Pallet,
    PalletExchanger,
    Panel,
    PhotoEye,
    PickPoint,
    Plc,
    Pose,
    Stopper,
    Twin,
    Zone,
    button,
    lamp,
)

from .cell import PickCell


class Inputs(DataBlock):
    """What the PLC's program sees of the pallet exchanger."""

    pallet_in_place = Bool("0.0")


class Outputs(DataBlock):
    """What the PLC's program switches."""

    exchange = Bool("0.0")


class Request(DataBlock):
    """The cell's side of the handshake, in DB11."""

    exchange_request = Bool("2.6")


class Answer(DataBlock):
    """The PLC's side of the handshake, in DB10."""

    exchange_acknowledged = Bool("5.0")
    exchange_complete = Bool("5.1")


class Exchange(Sequence["PalletProgram"]):
    """Answers the handshake: acknowledge, exchange, complete, and back."""

    def requested(self) -> bool:
        "a request"
        return self.cell.request.exchange_request

    def withdrawn(self) -> bool:
        "the request to fall"
        return not self.cell.request.exchange_request

    def leaving(self) -> bool:
        "the full pallet to leave"
        return not self.cell.inputs.pallet_in_place

    def arrived(self) -> bool:
        "the empty pallet"
        return self.cell.inputs.pallet_in_place

    def begin_exchange(self) -> None:
        self.cell.answer.exchange_acknowledged = True
        self.cell.outputs.exchange = True

    def end_exchange(self) -> None:
        self.cell.outputs.exchange = False
        self.cell.answer.exchange_complete = True

    def take_back(self) -> None:
        self.cell.outputs.exchange = False
        self.cell.answer.exchange_acknowledged = False
        self.cell.answer.exchange_complete = False

    steps = (
        Step("IDLE", enter=take_back, to={"LEAVING": requested}, limit=OUTSIDE),
        Step("LEAVING", enter=begin_exchange, to={"IDLE": withdrawn, "COMING": leaving}, limit=OUTSIDE),
        Step("COMING", to={"IDLE": withdrawn, "COMPLETE": arrived}, limit=OUTSIDE),
        Step("COMPLETE", enter=end_exchange, to={"IDLE": withdrawn}, limit=OUTSIDE),
    )


class PalletProgram(Program):
    """The PLC's part of the pallet exchange."""

    inputs = reads("plc", Inputs, area="I", start=10, lost=None)
    outputs = writes("plc", Outputs, area="Q", start=10)
    request = reads("plc", Request, db=11, lost=None)
    answer = writes("plc", Answer, db=10)
    sequences = (Exchange,)


class OperatorPanel(Panel):
    """Buttons and lamps at the door."""

    confirm = button("takes over the values shown")
    clear = button("acknowledges an abort")
    reset = button("makes ready")
    start = button("starts")
    hold = button("holds")
    unhold = button("goes on")
    stop = button("stops")
    red = lamp("stopped")
    red_flash = lamp("aborted")
    amber = lamp("starved or blocked")
    blue = lamp("values to confirm")
    green = lamp("running")
    green_flash = lamp("ready to start")
    horn = lamp("about to start")


status, orders = PickCell.status, PickCell.orders


class PickTwin(Twin):
    """What surrounds the controller of the pick cell."""

    belt = Belt(length=1.25, speed=0.5, acceleration=2.0, part_length=0.08, gap=0.04)
    feeder = Feeder(belt, mean=4.5, first=2.0, good=0.9)
    entry_eye = PhotoEye(belt, at=0.0)
    stop_eye = PhotoEye(belt, at=0.99)
    stopper = Stopper(belt, at=1.0, dead_time=0.06, extend_time=0.3, retract_time=0.25)
    stop_point = PickPoint(belt, at=1.0, pose=Pose(0.45, 0.0, 0.10))
    inspection = Inspection(stop_point, time=0.3)
    pallet = Pallet(rows=3, columns=4, pitch=0.06, pose=Pose(-0.09, 0.38, 0.10))
    exchanger = PalletExchanger(pallet, time=8.0)
    robot = Arm(
        tool_length=0.15, zones=[Zone("pick_zone", joint=1, low=math.radians(-35), high=math.radians(35))]
    )
    hand = Hand(robot, places=[stop_point, pallet], close_time=0.15, open_time=0.15)
    door = Door(discrepancy=0.05)
    panel = OperatorPanel()

    operator = Operator({panel.blue: panel.confirm, panel.red: panel.reset, panel.green_flash: panel.start})
    plc = Plc(
        entry_eye.blocked >> status.entry_eye,
        stop_eye.blocked >> status.stop_eye,
        stopper.extended >> status.stopper_extended,
        stopper.retracted >> status.stopper_retracted,
        inspection.ready >> status.inspection_ready,
        inspection.good >> status.inspection_good,
        hand.part_present >> status.hand_part,
        robot.zone("pick_zone") >> status.robot_in_pick_zone,
        door.channel_1 >> status.guard_channel_1,
        door.channel_2 >> status.guard_channel_2,
        panel.confirm >> status.confirm,
        panel.clear >> status.clear,
        panel.reset >> status.reset,
        panel.start >> status.start,
        panel.hold >> status.hold,
        panel.unhold >> status.unhold,
        panel.stop >> status.stop,
        belt.speed_actual >> status.belt_speed,
        exchanger.in_place >> PalletProgram.inputs.pallet_in_place,
        PalletProgram.outputs.exchange >> exchanger.run,
        orders.belt_run >> belt.run,
        orders.stopper_extend >> stopper.extend,
        orders.stopper_retract >> stopper.retract,
        orders.inspect >> inspection.start,
        orders.ready_for_part >> feeder.enable,
        orders.robot_enable >> robot.stop_input,
        OutputEntry(orders.red, panel.red, failsafe=False),
        OutputEntry(orders.red_flash, panel.red_flash, failsafe=False),
        OutputEntry(orders.amber, panel.amber, failsafe=False),
        OutputEntry(orders.blue, panel.blue, failsafe=False),
        OutputEntry(orders.green, panel.green, failsafe=False),
        OutputEntry(orders.green_flash, panel.green_flash, failsafe=False),
        OutputEntry(orders.horn, panel.horn, failsafe=False),
        cycle=0.01,
        life_timeout=0.5,
        reset=panel.reset,
        program=PalletProgram,
    )
