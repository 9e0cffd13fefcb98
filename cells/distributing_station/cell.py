"""The distributing station: parts are pushed out of a magazine and carried to the next station by a swivel
arm with a suction cup.
"""

from __future__ import annotations

from control import (
    DONE,
    OUTSIDE,
    Cell,
    Command,
    Interlock,
    Params,
    Sequence,
    State,
    Step,
    Var,
    reads,
    writes,
)

from .blocks import Inputs, Outputs


class StationParams(Params):
    """[params] of cell.toml."""

    release_time: float
    """For which the part is blown off, in s."""


class Feed(Sequence["DistributingStation"]):
    """Push the lowest part out of the magazine, once the place before it is free and the arm away."""

    def back(self) -> bool:
        "the pusher to come back"
        return self.cell.inputs.pusher_back

    def wanted(self) -> bool:
        "a part in the magazine, a free place before it and the arm away"
        cell, inputs = self.cell, self.cell.inputs
        return not (inputs.magazine_empty or cell.offered or cell.doubtful) and inputs.arm_at_next

    def out(self) -> bool:
        "the pusher to reach the front"
        return self.cell.inputs.pusher_front

    def draw_back(self) -> None:
        self.cell.outputs.push = False

    def push(self) -> None:
        self.cell.doubtful = True
        self.cell.outputs.push = True

    def offer(self) -> None:
        self.cell.offered, self.cell.doubtful = True, False

    steps = (
        Step("RETRACTING", enter=draw_back, to={"LOADED": back}, limit=2.0),
        Step("LOADED", to={"PUSHING": wanted}, limit=OUTSIDE),
        Step("PUSHING", enter=push, leave=offer, to={"RETRACTING": out}, limit=2.0),
    )


class Carry(Sequence["DistributingStation"]):
    """Take the part that was pushed out, carry it over and let it go."""

    def part_held(self) -> bool:
        "the next station to be free, with a part at the cup"
        inputs = self.cell.inputs
        return inputs.vacuum and inputs.arm_at_next and inputs.next_free

    def part_offered(self) -> bool:
        "a part before the magazine, and the next station to be free"
        inputs, pushing = self.cell.inputs, self.cell[Feed].step == "PUSHING"
        there = (self.cell.offered or self.cell.doubtful) and not pushing and not inputs.vacuum
        return there and inputs.next_free and inputs.arm_at_next

    def at_magazine(self) -> bool:
        "the arm at the magazine"
        return self.cell.inputs.arm_at_magazine

    def gripped(self) -> bool:
        "the vacuum that holds the part"
        return self.cell.inputs.vacuum

    def nothing_there(self) -> bool:
        "whether a part lies there at all, since a push was broken off"
        return self.cell.doubtful and self.in_step(1.0)

    def off_again(self) -> bool:
        "the vacuum valve to close"
        return self.in_step(0.1)

    def at_next(self) -> bool:
        "the arm at the next station"
        return self.cell.inputs.arm_at_next

    def let_go(self) -> bool:
        "the vacuum to be gone"
        return not self.cell.inputs.vacuum and self.in_step(self.cell.params.release_time)

    def rest(self) -> None:
        outputs = self.cell.outputs
        # An abort came while the cup let go: the part has been handed on, though nobody has counted it.
        if self.cell.releasing and not self.cell.inputs.vacuum:
            self.delivered()
        outputs.to_magazine, outputs.vacuum_off = False, False
        outputs.to_next = True

    def fetch(self) -> None:
        self.cell.outputs.to_next = False
        self.cell.outputs.to_magazine = True

    def suck(self) -> None:
        self.cell.outputs.vacuum_on = True

    def carry(self) -> None:
        self.cell.offered = self.cell.doubtful = False
        self.cell.outputs.vacuum_on = False
        self.cell.outputs.to_magazine = False
        self.cell.outputs.to_next = True

    def give_up(self) -> None:
        self.cell.doubtful = False
        self.cell.outputs.vacuum_on = False
        self.cell.outputs.vacuum_off = True

    def blow(self) -> None:
        self.cell.releasing = True
        self.cell.outputs.vacuum_off = True

    def delivered(self) -> None:
        self.cell.outputs.vacuum_off = False
        self.cell.releasing = False
        self.cell.parts_good += 1

    steps = (
        Step("WAITING", enter=rest, to={"RELEASING": part_held, "FETCHING": part_offered}, limit=OUTSIDE),
        Step("FETCHING", enter=fetch, to={"GRIPPING": at_magazine}, limit=3.0),
        Step("GRIPPING", enter=suck, to={"CARRYING": gripped, "CLOSING": nothing_there}, limit=2.0),
        Step("CLOSING", enter=give_up, to={"WAITING": off_again}, limit=1.0),
        Step("CARRYING", enter=carry, to={"RELEASING": at_next}, limit=3.0),
        Step("RELEASING", enter=blow, leave=delivered, to={"WAITING": let_go}, limit=2.0),
    )


class Home(Sequence["DistributingStation"]):
    """Draw the pusher back and bring the arm to the next station, with the part if it holds one."""

    def back(self) -> bool:
        "the pusher to come back"
        return self.cell.inputs.pusher_back

    def away(self) -> bool:
        "the arm at the next station"
        return self.cell.inputs.arm_at_next

    def draw_back(self) -> None:
        self.cell.outputs.push = False

    def turn(self) -> None:
        outputs, holds = self.cell.outputs, self.cell.inputs.vacuum
        outputs.vacuum_off = not holds
        outputs.to_next = True
        # What is at the cup was pushed out, and is not before the magazine any more.
        if holds:
            self.cell.offered = self.cell.doubtful = False

    def end_blowing(self) -> None:
        self.cell.outputs.vacuum_off = False

    steps = (
        Step("RETRACTING", enter=draw_back, to={"TURNING": back}, limit=2.0),
        Step("TURNING", enter=turn, leave=end_blowing, to={DONE: away}, limit=3.0),
    )


class DistributingStation(Cell):
    """Separates parts from a magazine and hands them on."""

    period = 0.01
    params: StationParams

    inputs = reads("plc", Inputs, area="I", start=0, max_age=0.1)
    outputs = writes("plc", Outputs, area="Q", start=0)

    offered = Var(False, retain=True)
    """A part lies before the magazine, where no sensor sees it."""
    doubtful = Var(False, retain=True)
    """A push was broken off: perhaps one lies there."""
    releasing = Var(False, retain=True)
    """A part is being let go and does not count yet."""
    parts_good = Var(0, retain=True)

    sequences = {State.EXECUTE: (Feed, Carry), State.RESETTING: Home}
    disabled_states = frozenset({State.HOLDING, State.HELD, State.UNHOLDING})
    buttons = {
        Command.CLEAR: Inputs.reset,
        Command.RESET: Inputs.reset,
        Command.START: Inputs.start,
        Command.STOP: Inputs.stop,
    }
    confirm = Inputs.confirm

    def arm_away(self) -> bool:
        "the arm at the next station"
        return self.inputs.arm_at_next

    def pusher_idle(self) -> bool:
        "the pusher drawn back"
        return self.inputs.pusher_back

    def not_to_next(self) -> bool:
        "the arm not ordered to the next station"
        return not self.outputs.to_next

    interlocks = (
        Interlock((Outputs.push,), allow=(arm_away,)),
        Interlock((Outputs.to_magazine,), allow=(pusher_idle, not_to_next)),
    )

    def show(self) -> None:
        """The panel's lamps: what the operator is to press."""
        outputs, state = self.outputs, self.state
        outputs.start_lamp = state is State.IDLE
        outputs.reset_lamp = state in (State.STOPPED, State.ABORTED)
        outputs.confirm_lamp = self.unconfirmed
        outputs.empty_lamp = self.inputs.magazine_empty

    combinations = (show,)
