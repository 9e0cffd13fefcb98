"""The pick cell: parts come on a belt, are inspected at the stop, and are packed by a robot or let go into
the chute.
"""

from __future__ import annotations

from typing import ClassVar

from control import (
    DONE,
    FIRST,
    OUTSIDE,
    TON,
    Cell,
    Command,
    Handle,
    Handshake,
    Interlock,
    Light,
    Motion,
    Params,
    Pose,
    Robot,
    Sequence,
    Signals,
    State,
    Step,
    Trip,
    Var,
    device,
    handshake_steps,
    reads,
    stack_light,
    writes,
)

from .blocks import Orders, Status

PLACES = 12
ALARM_ALLOWED = frozenset(
    {State.STOPPED, State.STOPPING, State.RESETTING, State.ABORTING, State.ABORTED, State.CLEARING}
)
"""States in which the robot may be in alarm: resetting acknowledges it."""
PRODUCING = frozenset({State.EXECUTE, State.SUSPENDING, State.SUSPENDED, State.UNSUSPENDING})

AT_PICK = frozenset({"APPROACHING", "DESCENDING", "GRIPPING", "LIFTING", "CARRYING"})
"""Steps in which the robot may be in the pick zone, whatever its switch says."""


class PickParams(Params):
    """[params] of cell.toml. Poses in m and rad."""

    home: Pose
    pick: Pose
    first_place: Pose
    pitch: float
    clearance: float
    approach_speed: float = 0.5


class Feed(Sequence["PickCell"]):
    """Bring one part to the stop, inspect it, offer it to the robot or let it go into the chute."""

    def part_at_stop(self) -> bool:
        "a part at the stop"
        return self.cell.status.stop_eye

    def belt_searched(self) -> bool:
        "the belt to be searched for a part left on it"
        return self.in_step(3.5)

    def part_at_entry(self) -> bool:
        "a part from upstream"
        return self.cell.status.entry_eye and self.cell.robot_clear()

    def belt_at_rest(self) -> bool:
        "the belt to come to rest"
        # The image of a belt that has just been switched on still shows it at rest.
        return not self.cell.status.belt_moving and self.in_step(0.1)

    def found_good(self) -> bool:
        "the inspection's verdict"
        return self.cell.status.inspection_ready and self.cell.status.inspection_good

    def found_bad(self) -> bool:
        "the inspection's verdict"
        return self.cell.status.inspection_ready and not self.cell.status.inspection_good

    def taken(self) -> bool:
        "the robot to take the part and leave"
        return not self.cell.status.stop_eye and self.cell.robot_clear()

    def lowered(self) -> bool:
        "the stopper to retract"
        return self.cell.status.stopper_retracted

    def eye_clear(self) -> bool:
        return not self.cell.status.stop_eye

    gone = TON(eye_clear, pt=0.6)

    def part_gone(self) -> bool:
        "the part to reach the chute"
        return self.gone.q

    def raised(self) -> bool:
        "the stopper to extend"
        return self.cell.status.stopper_extended

    def run_belt(self) -> None:
        self.cell.orders.belt_run = True

    def stop_belt(self) -> None:
        self.cell.orders.belt_run = False

    def inspect(self) -> None:
        self.cell.releasing = False
        self.cell.orders.inspect = True

    def inspected(self) -> None:
        self.cell.orders.inspect = False

    def lower(self) -> None:
        self.cell.releasing = True
        self.cell.orders.stopper_extend = False
        self.cell.orders.stopper_retract = True

    def lift(self) -> None:
        self.cell.orders.stopper_retract = False
        self.cell.orders.stopper_extend = True

    def end_release(self) -> None:
        self.cell.orders.belt_run = False
        self.count()

    def count(self) -> None:
        # Also once the belt has been searched, for a part that was on its way out when an abort came.
        if self.cell.releasing:
            self.cell.releasing = False
            self.cell.parts_rejected += 1

    steps = (
        Step("RAISING", enter=lift, to={"SEARCHING": raised}, limit=1.5),
        Step("SEARCHING", enter=run_belt, leave=stop_belt, limit=4.0,
             to={"BRAKING": part_at_stop, "READY": belt_searched}),
        Step("READY", enter=count, to={"CARRYING": part_at_entry}, limit=OUTSIDE),
        Step("CARRYING", enter=run_belt, leave=stop_belt, to={"BRAKING": part_at_stop}, limit=4.0),
        Step("BRAKING", to={"INSPECTING": belt_at_rest}, limit=1.0),
        Step("INSPECTING", enter=inspect, leave=inspected, limit=2.0,
             to={"OFFERED": found_good, "LOWERING": found_bad}),
        Step("OFFERED", to={"READY": taken}, limit=OUTSIDE),
        Step("LOWERING", enter=lower, to={"RELEASING": lowered}, limit=1.5),
        Step("RELEASING", enter=run_belt, leave=end_release, to={"LIFTING": part_gone}, limit=4.0),
        Step("LIFTING", enter=lift, to={"READY": raised}, limit=1.5),
    )  # fmt: skip


class Pick(Sequence["PickCell"]):
    """Take the offered part and put it on the next place of the pallet."""

    motion = Var(Motion.NONE)

    def part_in_hand(self) -> bool:
        "a part in the hand, once the belt is searched"
        searched = self.cell[Feed].step not in ("RAISING", "SEARCHING")
        return self.cell.status.hand_part and self.cell.place_free() and searched

    def part_offered(self) -> bool:
        "a part offered at the stop and a free place"
        return self.cell[Feed].step == "OFFERED" and self.cell.status.stop_eye and self.cell.place_free()

    def arrived(self) -> bool:
        "the robot at the ordered pose"
        return self.motion.done

    def gripped(self) -> bool:
        "the hand to hold the part"
        return self.in_step(0.25) and self.cell.status.hand_part

    def arrived_and_saved(self) -> bool:
        "the robot above the place, and the place's number saved"
        return self.motion.done and self.cell.durable(PickCell.placed) == self.cell.placed

    def released(self) -> bool:
        "the hand to let go"
        return self.in_step(0.25) and not self.cell.status.hand_part

    def settle(self) -> None:
        # An abort came while the hand opened: the part lies in its place, though nobody has counted it.
        if self.cell.reserved and not self.cell.status.hand_part:
            self.count()

    def approach(self) -> None:
        self.motion = self.cell.robot.move_direct_absolute(self.over(self.cell.params.pick))

    def descend(self) -> None:
        self.motion = self.slowly(self.cell.params.pick)

    def grip(self) -> None:
        self.cell.robot.close_gripper()

    def lift(self) -> None:
        self.motion = self.slowly(self.over(self.cell.params.pick))

    def carry(self) -> None:
        if not self.cell.reserved:
            self.cell.placed += 1
            self.cell.reserved = True
        self.motion = self.cell.robot.move_direct_absolute(self.over(self.cell.place()))

    def lower(self) -> None:
        self.motion = self.slowly(self.cell.place())

    def release(self) -> None:
        self.cell.robot.open_gripper()

    def count(self) -> None:
        self.cell.reserved = False
        self.cell.parts_good += 1

    def retreat(self) -> None:
        self.motion = self.slowly(self.over(self.cell.place()))

    def over(self, pose: Pose) -> Pose:
        return pose.above(self.cell.params.clearance)

    def slowly(self, pose: Pose) -> Motion:
        return self.cell.robot.move_linear_absolute(pose, self.cell.params.approach_speed)

    steps = (
        Step("WAITING", enter=settle, limit=OUTSIDE,
             to={"CARRYING": part_in_hand, "APPROACHING": part_offered}),
        Step("APPROACHING", enter=approach, to={"DESCENDING": arrived}, limit=4.0),
        Step("DESCENDING", enter=descend, to={"GRIPPING": arrived}, limit=2.0),
        Step("GRIPPING", enter=grip, to={"LIFTING": gripped}, limit=1.0),
        Step("LIFTING", enter=lift, to={"CARRYING": arrived}, limit=2.0),
        Step("CARRYING", enter=carry, to={"LOWERING": arrived_and_saved}, limit=4.0),
        Step("LOWERING", enter=lower, to={"RELEASING": arrived}, limit=2.0),
        Step("RELEASING", enter=release, leave=count, to={"RETREATING": released}, limit=1.0),
        Step("RETREATING", enter=retreat, to={"WAITING": arrived}, limit=2.0),
    )  # fmt: skip


class PalletExchange(Handshake["PickCell"]):
    """Have the full pallet exchanged by the PLC. Held, the exchange rests and is then asked for anew."""

    on: ClassVar = {Command.HOLD: FIRST}

    signals = Signals(Orders.exchange_request, Status.exchange_acknowledged, Status.exchange_complete)
    steps = handshake_steps(complete=OUTSIDE, error=False)

    def needed(self) -> bool:
        "a full pallet and the robot away from it"
        return self.cell.placed == PLACES and not self.cell.reserved and self.cell[Pick].step == "WAITING"

    def finish(self) -> None:
        self.cell.placed = 0


class Home(Sequence["PickCell"]):
    """Make the robot ready: acknowledge its alarm, switch it on, raise it straight up, bring it home."""

    order: Var[Handle] = Var(Motion.NONE)

    def alarm_gone(self) -> bool:
        "the robot's alarm to go"
        return self.order.done and self.cell.robot.error_code == 0

    def can_move(self) -> bool:
        "the robot to be able to move"
        return self.order.done and self.cell.robot.motion_possible is True

    def located(self) -> bool:
        "the robot to tell where it is"
        return self.order.done and self.cell.robot.position is not None

    def carried_out(self) -> bool:
        "the robot to do as ordered"
        return self.order.done

    def reset_alarm(self) -> None:
        self.cell.orders.robot_enable = True
        self.order = self.cell.robot.group_reset()

    def enable(self) -> None:
        self.order = self.cell.robot.enable_robot()

    def locate(self) -> None:
        self.order = self.cell.robot.read_actual_position()

    def rise(self) -> None:
        robot, home = self.cell.robot, self.cell.params.home
        here = robot.position
        assert here is not None
        self.order = robot.move_linear_absolute(here._replace(z=max(here.z, home.z)), 0.25)

    def go_home(self) -> None:
        self.order = self.cell.robot.move_direct_absolute(self.cell.params.home, 0.5)

    steps = (
        Step("ACKNOWLEDGING", enter=reset_alarm, to={"ENABLING": alarm_gone}, limit=2.0),
        Step("ENABLING", enter=enable, to={"LOCATING": can_move}, limit=5.0),
        Step("LOCATING", enter=locate, to={"RISING": located}, limit=2.0),
        Step("RISING", enter=rise, to={"HOMING": carried_out}, limit=6.0),
        Step("HOMING", enter=go_home, to={DONE: carried_out}, limit=6.0),
    )


class PickCell(Cell):
    """Packs good parts four by three on pallets."""

    period = 0.01
    params: PickParams

    status = reads("plc", Status, db=10, max_age=0.1)
    orders = writes("plc", Orders, db=11)
    robot = device("robot", Robot)

    placed = Var(0, retain=True)
    reserved = Var(False, retain=True)
    releasing = Var(False, retain=True)
    parts_good = Var(0, retain=True)
    parts_rejected = Var(0, retain=True)

    sequences = {State.EXECUTE: (Feed, Pick, PalletExchange), State.RESETTING: Home}
    buttons = {
        Command.CLEAR: Status.clear,
        Command.RESET: Status.reset,
        Command.START: Status.start,
        Command.HOLD: Status.hold,
        Command.UNHOLD: Status.unhold,
        Command.STOP: Status.stop,
    }
    confirm = Status.confirm

    def guard_closed(self) -> bool:
        "the guard door closed (both channels)"
        return self.status.guard_channel_1 and self.status.guard_channel_2

    def robot_healthy(self) -> bool:
        "the robot without alarm"
        return self.robot.error_code in (0, None) or self.state in ALARM_ALLOWED

    def robot_clear(self) -> bool:
        "the robot outside the pick zone"
        return not self.status.robot_in_pick_zone and self[Pick].step not in AT_PICK

    def not_retracting(self) -> bool:
        "the stopper not ordered to retract"
        return not self.orders.stopper_retract

    def producing(self) -> bool:
        "the cell to produce, or to wait for the outside"
        return self.state in PRODUCING

    trips = (Trip(guard_closed), Trip(robot_healthy))
    interlocks = (
        Interlock((Orders.belt_run,), allow=(robot_clear,)),
        Interlock((Orders.stopper_extend,), allow=(not_retracting,)),
        Interlock((Orders.exchange_request,), allow=(producing,)),
    )

    def place_free(self) -> bool:
        """Whether the robot may bring a part to the pallet."""
        return self.reserved or self.placed < PLACES

    def place(self) -> Pose:
        """The place that is reserved on the pallet: rows of four."""
        row, column = divmod(self.placed - 1, 4)
        first, pitch = self.params.first_place, self.params.pitch
        return first._replace(x=first.x + column * pitch, y=first.y + row * pitch)

    def ask_upstream(self) -> None:
        """Ask upstream for a part, also while starved."""
        self.orders.ready_for_part = self[Feed].step == "READY" and self.state in PRODUCING

    def show(self) -> None:
        """The stack light, the state and the count, for the panel."""
        suspended = self.state is State.SUSPENDED
        blocked = suspended and self[PalletExchange].step == "RUNNING"
        light = stack_light(self.state, starved=suspended and not blocked, blocked=blocked)
        orders = self.orders
        orders.red, orders.red_flash = light.red is Light.SOLID, light.red is Light.FLASHING
        orders.amber = light.amber is not Light.OFF
        orders.blue = self.unconfirmed
        orders.green, orders.green_flash = light.green is Light.SOLID, light.green is Light.FLASHING
        orders.horn = light.horn
        orders.state = int(self.state)
        orders.packed = self.durable(PickCell.parts_good) % 32768

    combinations = (ask_upstream, show)
