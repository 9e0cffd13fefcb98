"""The crane: one round of turning, lowering and raising for every way a part goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control import DONE, OUTSIDE, Sequence, Step, Var

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from .cell import SortingStation  # noqa: F401


class Crane(Sequence["SortingStation"]):
    """What every round of the crane has."""

    def raised(self) -> bool:
        "the crane to be raised"
        return self.cell.inputs.crane_up

    def lift(self) -> None:
        self.cell.outputs.lower = False

    def halt(self) -> None:
        outputs = self.cell.outputs
        outputs.clockwise = outputs.counterclockwise = False


class Carry(Crane):
    """Fetch a part where one waits, and take it where it belongs."""

    goal = Var("")
    """The stop it goes to, and takes or leaves a part at."""

    def wanted(self) -> str:
        """Where the crane has something to do."""
        cell, inputs = self.cell, self.cell.inputs
        if inputs.vacuum:
            if cell.to_be_stamped:
                return "" if inputs.part_at_stamp else "stamp"
            return "" if cell.fresh or cell.stray else "belt"
        if inputs.part_at_stamp:
            return "stamp" if cell.stamped else ""
        return "stack" if inputs.part_at_stack else ""

    def something_to_do(self) -> bool:
        "a part at the stack or a stamped one, and room where it goes"
        return self.wanted() != "" and self.cell.inputs.crane_up

    def at_goal(self) -> bool:
        "the crane at its goal"
        return getattr(self.cell.inputs, f"crane_at_{self.goal}") and self.in_step(0.1)

    def down_with_a_part(self) -> bool:
        "the crane lowered"
        return self.cell.inputs.crane_down and self.cell.inputs.vacuum

    def down_for_a_part(self) -> bool:
        "the crane lowered"
        return self.cell.inputs.crane_down and not self.cell.inputs.vacuum

    def gripped(self) -> bool:
        "the vacuum that holds the part"
        return self.cell.inputs.vacuum

    def nothing_there(self) -> bool:
        "whether the part is still there"
        there = self.cell.inputs.part_at_stack or self.cell.inputs.part_at_stamp
        return not there and self.in_step(0.5)

    def let_go(self) -> bool:
        "the vacuum to be gone"
        return not self.cell.inputs.vacuum and self.in_step(self.cell.params.release_time)

    def rest(self) -> None:
        outputs = self.cell.outputs
        outputs.lower = outputs.vacuum_off = outputs.vacuum_on = False
        self.halt()

    def choose(self) -> None:
        self.goal = self.wanted()

    def turn(self) -> None:
        """The stack is at the left end, the belt at the right, the stamp between."""
        inputs, outputs = self.cell.inputs, self.cell.outputs
        if getattr(inputs, f"crane_at_{self.goal}"):
            return
        left = self.goal == "stack" or (self.goal == "stamp" and inputs.crane_at_belt)
        outputs.counterclockwise, outputs.clockwise = left, not left

    def lower(self) -> None:
        self.cell.outputs.lower = True

    def suck(self) -> None:
        """The sensor at the stack sees the part only as long as it lies there."""
        self.cell.to_be_stamped = self.goal == "stack" and self.cell.inputs.metal_at_stack
        self.cell.outputs.vacuum_on = True

    def note_part(self) -> None:
        self.cell.outputs.vacuum_on = False
        if self.cell.inputs.vacuum and self.goal == "stamp":
            self.cell.stamped = False

    def give_up(self) -> None:
        self.cell.outputs.vacuum_off = True

    def blow(self) -> None:
        cell = self.cell
        cell.outputs.vacuum_off = True
        if self.goal == "belt":
            cell.fresh = True
        else:
            cell.stamped = False

    def shut(self) -> None:
        self.cell.outputs.vacuum_off = False

    steps = (
        Step("WAITING", enter=rest, leave=choose, to={"TURNING": something_to_do}, limit=OUTSIDE),
        Step("TURNING", enter=turn, leave=Crane.halt, to={"LOWERING": at_goal}, limit=8.0),
        Step("LOWERING", enter=lower, limit=3.0,
             to={"RELEASING": down_with_a_part, "GRIPPING": down_for_a_part}),
        Step("GRIPPING", enter=suck, leave=note_part, limit=2.0,
             to={"RAISING": gripped, "CLOSING": nothing_there}),
        Step("CLOSING", enter=give_up, leave=shut, to={"RAISING": let_go}, limit=2.0),
        Step("RELEASING", enter=blow, leave=shut, to={"RAISING": let_go}, limit=2.0),
        Step("RAISING", enter=Crane.lift, to={"WAITING": Crane.raised}, limit=2.0),
    )  # fmt: skip


class Home(Crane):
    """Raise the crane, draw everything back and turn to the stack, with the part if it holds one."""

    def drawn_back(self) -> bool:
        "pushers, separator and press to be back"
        inputs = self.cell.inputs
        pushers = inputs.first_back and inputs.second_back and inputs.separator_back
        return pushers and inputs.press_up and inputs.crane_up

    def at_stack(self) -> bool:
        "the crane at the stack"
        return self.cell.inputs.crane_at_stack

    def not_found(self) -> bool:
        "whether the crane stands beyond the stack"
        return self.in_step(6.0)

    def draw_back(self) -> None:
        outputs = self.cell.outputs
        outputs.lower = outputs.press = outputs.separate = False
        outputs.push_first = outputs.push_second = outputs.belt_run = False
        outputs.vacuum_on, outputs.vacuum_off = False, not self.cell.inputs.vacuum
        self.halt()

    def turn_back(self) -> None:
        self.cell.outputs.vacuum_off = False
        self.cell.outputs.counterclockwise = not self.cell.inputs.crane_at_stack

    def turn_forth(self) -> None:
        self.cell.outputs.counterclockwise = False
        self.cell.outputs.clockwise = True

    steps = (
        Step("RETRACTING", enter=draw_back, to={"TURNING_BACK": drawn_back}, limit=3.0),
        Step("TURNING_BACK", enter=turn_back, leave=Crane.halt, limit=8.0,
             to={DONE: at_stack, "TURNING_FORTH": not_found}),
        Step("TURNING_FORTH", enter=turn_forth, leave=Crane.halt, to={DONE: at_stack}, limit=3.0),
    )  # fmt: skip
