"""Stack, stamp and belt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control import OUTSIDE, Sequence, Step, Var

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from .cell import SortingStation  # noqa: F401


class Feed(Sequence["SortingStation"]):
    """Push the lowest part out of the stack, once the place before it is free and the crane not over it."""

    def back(self) -> bool:
        "the separator to come back"
        return self.cell.inputs.separator_back

    def wanted(self) -> bool:
        "a part in the stack, a free place before it and the crane away"
        inputs = self.cell.inputs
        return not (inputs.stack_empty or inputs.part_at_stack) and self.cell.crane_off_the_stack()

    def out(self) -> bool:
        "the separator to reach the front"
        return self.cell.inputs.separator_front

    def draw_back(self) -> None:
        self.cell.outputs.separate = False

    def push(self) -> None:
        self.cell.outputs.separate = True

    steps = (
        Step("RETRACTING", enter=draw_back, to={"LOADED": back}, limit=2.0),
        Step("LOADED", to={"PUSHING": wanted}, limit=OUTSIDE),
        Step("PUSHING", enter=push, to={"RETRACTING": out}, limit=2.0),
    )


class Stamp(Sequence["SortingStation"]):
    """Press the part that was laid in, once."""

    def wanted(self) -> bool:
        "an unstamped part in the stamp, and the crane out of it"
        there = self.cell.inputs.part_at_stamp and not self.cell.stamped
        return there and self.cell.crane_out_of_the_stamp() and self.cell.inputs.press_up

    def down(self) -> bool:
        "the press to be down"
        return self.cell.inputs.press_down

    def pressed(self) -> bool:
        "the press to have been down for its time"
        return self.in_step(self.cell.params.press_time)

    def up(self) -> bool:
        "the press to come up"
        return self.cell.inputs.press_up

    def lift(self) -> None:
        self.cell.outputs.press = False

    def press(self) -> None:
        self.cell.outputs.press = True

    def note(self) -> None:
        self.cell.stamped = self.cell.inputs.part_at_stamp

    steps = (
        Step("WAITING", enter=lift, to={"LOWERING": wanted}, limit=OUTSIDE),
        Step("LOWERING", enter=press, to={"PRESSING": down}, limit=2.0),
        Step("PRESSING", leave=lift, to={"RAISING": pressed}, limit=3.0),
        Step("RAISING", leave=note, to={"WAITING": up}, limit=2.0),
    )


class Sort(Sequence["SortingStation"]):
    """Follow the part on the belt to its ramp, or to the end."""

    second = Var(False)
    """It goes to the second ramp."""

    def laid_on(self) -> bool:
        "a part on the belt"
        return self.cell.fresh and self.cell.inputs.crane_up

    def strayed(self) -> bool:
        "a part that somebody has lost sight of"
        return self.cell.stray

    def metal(self) -> bool:
        "the part at the sensors"
        return self.cell.inputs.at_sensors and self.cell.inputs.metal_on_belt

    def bright(self) -> bool:
        "the part at the sensors"
        inputs = self.cell.inputs
        return inputs.at_sensors and inputs.bright_on_belt and not inputs.metal_on_belt

    def dark(self) -> bool:
        "the part at the sensors"
        inputs = self.cell.inputs
        return inputs.at_sensors and not (inputs.metal_on_belt or inputs.bright_on_belt)

    def at_ramp(self) -> bool:
        "the part before its ramp"
        return self.cell.inputs.at_second if self.second else self.cell.inputs.at_first

    def room(self) -> bool:
        "room in the ramp"
        return not (self.cell.inputs.second_full if self.second else self.cell.inputs.first_full)

    def out(self) -> bool:
        "the pusher to reach its front"
        return self.cell.inputs.second_front if self.second else self.cell.inputs.first_front

    def back(self) -> bool:
        "the pushers to come back"
        return self.cell.inputs.first_back and self.cell.inputs.second_back

    def at_end(self) -> bool:
        "the part at the end"
        return self.cell.inputs.at_end

    def gone(self) -> bool:
        "the part to leave"
        return not self.cell.inputs.at_end

    def cleared(self) -> bool:
        "the belt to have run for its time"
        return self.in_step(self.cell.params.clear_time) and not self.cell.inputs.at_end

    def rest(self) -> None:
        outputs = self.cell.outputs
        outputs.belt_run = outputs.push_first = outputs.push_second = False

    def run(self) -> None:
        self.cell.outputs.belt_run = True

    def take_first(self) -> None:
        self.second = False
        self.run()

    def take_second(self) -> None:
        self.second = True
        self.run()

    def stop_belt(self) -> None:
        self.cell.outputs.belt_run = False

    def push(self) -> None:
        outputs = self.cell.outputs
        outputs.push_first, outputs.push_second = not self.second, self.second

    def draw_back(self) -> None:
        self.cell.outputs.push_first = self.cell.outputs.push_second = False

    def count(self) -> None:
        self.cell.fresh = False
        self.cell.parts_good += 1

    def find(self) -> None:
        self.cell.stray = False
        self.cell.unsorted += 1

    def nothing_found(self) -> None:
        self.cell.stray = False
        self.cell.untraced += 1

    steps = (
        Step("EMPTY", enter=rest, to={"ARRIVING": laid_on, "CLEARING": strayed}, limit=OUTSIDE),
        Step("ARRIVING", enter=run, limit=5.0,
             to={"TO_FIRST": metal, "TO_SECOND": bright, "TO_END": dark}),
        Step("TO_FIRST", enter=take_first, leave=stop_belt, to={"AT_RAMP": at_ramp}, limit=5.0),
        Step("TO_SECOND", enter=take_second, leave=stop_belt, to={"AT_RAMP": at_ramp}, limit=5.0),
        Step("AT_RAMP", to={"PUSHING": room}, limit=OUTSIDE),
        Step("PUSHING", enter=push, leave=draw_back, to={"RETRACTING": out}, limit=2.0),
        Step("RETRACTING", leave=count, to={"EMPTY": back}, limit=2.0),
        Step("TO_END", enter=run, to={"LEAVING": at_end}, limit=8.0),
        Step("LEAVING", leave=count, to={"EMPTY": gone}, limit=3.0),
        Step("CLEARING", enter=run, to={"FOUND": at_end, "CLEARED": cleared}, limit=10.0),
        Step("FOUND", leave=find, to={"EMPTY": gone}, limit=3.0),
        Step("CLEARED", leave=nothing_found, to={"EMPTY": gone}, limit=3.0),
    )  # fmt: skip
