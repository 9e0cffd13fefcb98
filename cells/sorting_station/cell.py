"""The sorting station: a crane brings parts from a stack to a belt, metal ones by way of a stamp; the belt
takes metal to the first ramp, bright plastic to the second and dark plastic to its end.
"""

from __future__ import annotations

from control import Cell, Command, Interlock, Light, Params, State, Var, reads, stack_light, writes

from .blocks import Inputs, Outputs
from .crane import Carry, Home
from .sorting import Feed, Sort, Stamp


class StationParams(Params):
    """[params] of cell.toml."""

    press_time: float
    """For which the stamp presses, in s."""
    release_time: float
    """For which a part is blown off, in s."""
    clear_time: float
    """In which a part runs from the belt's infeed to its end, in s."""


class SortingStation(Cell):
    """Stamps metal parts and sorts parts by material."""

    period = 0.01
    params: StationParams

    inputs = reads("plc", Inputs, area="I", start=0, max_age=0.1)
    outputs = writes("plc", Outputs, area="Q", start=0)

    to_be_stamped = Var(False, retain=True)
    """The part at the cup is metal and comes from the stack."""
    stamped = Var(False, retain=True)
    """The part in the stamp has been pressed."""
    fresh = Var(False, retain=True)
    """A part was laid on the belt and nobody has lost sight of it."""
    stray = Var(False, retain=True)
    """A part was on the belt when the station stopped: nobody knows where, so it runs to the end."""
    parts_good = Var(0, retain=True)
    """Parts sorted."""
    unsorted = Var(0, retain=True)
    """Parts that ran to the end because nobody knew where they were."""
    untraced = Var(0, retain=True)
    """Parts that were then not on the belt any more: perhaps a pusher had done its work."""

    sequences = {State.EXECUTE: (Feed, Carry, Stamp, Sort), State.RESETTING: Home}
    disabled_states = frozenset({State.HOLDING, State.HELD, State.UNHOLDING})
    buttons = {
        Command.CLEAR: Inputs.reset,
        Command.RESET: Inputs.reset,
        Command.START: Inputs.start,
        Command.STOP: Inputs.stop,
    }
    confirm = Inputs.confirm

    def crane_up(self) -> bool:
        "the crane raised"
        return self.inputs.crane_up

    def not_both_ways(self) -> bool:
        "the crane not ordered both ways"
        return not (self.outputs.clockwise and self.outputs.counterclockwise)

    def crane_at_a_stop(self) -> bool:
        "the crane at a stop, at rest, with nothing that moves below"
        inputs, outputs = self.inputs, self.outputs
        if outputs.clockwise or outputs.counterclockwise:
            return False
        at_stack = inputs.crane_at_stack and inputs.separator_back and not outputs.separate
        at_stamp = inputs.crane_at_stamp and inputs.press_up and not outputs.press
        return at_stack or at_stamp or inputs.crane_at_belt

    def crane_out_of_the_stamp(self) -> bool:
        "the crane raised, or elsewhere"
        return (self.inputs.crane_up and not self.outputs.lower) or not self.inputs.crane_at_stamp

    def crane_off_the_stack(self) -> bool:
        "the crane raised, or elsewhere"
        return (self.inputs.crane_up and not self.outputs.lower) or not self.inputs.crane_at_stack

    interlocks = (
        Interlock((Outputs.clockwise,), allow=(crane_up, not_both_ways)),
        Interlock((Outputs.counterclockwise,), allow=(crane_up, not_both_ways)),
        Interlock((Outputs.lower,), allow=(crane_at_a_stop,)),
        Interlock((Outputs.press,), allow=(crane_out_of_the_stamp,)),
        Interlock((Outputs.separate,), allow=(crane_off_the_stack,)),
    )

    def lose_sight(self) -> None:
        """Outside production nobody follows a part on the belt."""
        if self.state not in FOLLOWED and self.fresh:
            self.fresh, self.stray = False, True

    def show(self) -> None:
        """The panel's lamps: what the operator is to press; the stack light."""
        inputs, outputs, state = self.inputs, self.outputs, self.state
        outputs.start_lamp = state is State.IDLE
        outputs.reset_lamp = state in (State.STOPPED, State.ABORTED)
        outputs.confirm_lamp = self.unconfirmed
        outputs.stack_lamp = inputs.stack_empty
        outputs.first_lamp, outputs.second_lamp = inputs.first_full, inputs.second_full
        light = stack_light(state, starved=state is State.SUSPENDED, blocked=False)
        outputs.red = light.red is not Light.OFF
        outputs.amber, outputs.green = light.amber is not Light.OFF, light.green is not Light.OFF

    combinations = (lose_sight, show)


FOLLOWED = frozenset({State.EXECUTE, State.SUSPENDING, State.SUSPENDED, State.UNSUSPENDING})
