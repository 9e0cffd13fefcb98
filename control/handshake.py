"""The four-phase handshake as a sequence: request, acknowledge, complete, and back, with a limit on every
edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from control.controller import resolve
from control.packml import Command
from control.sequence import Sequence
from control.step import OUTSIDE, Step
from control.tag import Tag

if TYPE_CHECKING:
    from control.controller import Controller

C = TypeVar("C", bound="Controller")


class Signals:
    """The tags of one handshake: one the cell writes, those the PLC answers with."""

    def __init__(
        self,
        request: Tag[bool],
        acknowledge: Tag[bool],
        complete: Tag[bool],
        error: Tag[bool] | None = None,
    ) -> None:
        self.request = request
        self.answers = (acknowledge, complete, error)


class Handshake(Sequence[C], Generic[C]):
    """Asks the PLC to do one thing, as often as `needed`.

    Data first, then the request rises; the PLC acknowledges, works, and reports complete or error; the
    request falls, and only when all of the PLC's answers have fallen may the next one rise. Subclass it with
    `signals`, `needed` and `finish`; `prepare` may write data, and `handshake_steps` gives other limits.
    """

    signals: ClassVar[Signals]

    def __init__(self, cell: C) -> None:
        kind, signals = type(cell), self.signals
        self.request_tag = resolve(kind, signals.request)
        self.answer_tags = tuple(tag and resolve(kind, tag) for tag in signals.answers)
        super().__init__(cell)

    def answers(self, tag: Tag[bool] | None) -> bool:
        """Whether one of the PLC's answers is there."""
        return tag is not None and self.cell.value(tag)

    def needed(self) -> bool:
        """a reason to ask"""
        raise NotImplementedError

    def finish(self) -> None:
        """The PLC completed: what follows from it."""

    def prepare(self) -> None:
        """Write the data that goes with the request."""

    def raise_request(self) -> None:
        """Ask."""
        self.cell.assign(self.request_tag, True)

    def drop_request(self) -> None:
        """Take the request back."""
        self.cell.assign(self.request_tag, False)

    def conclude(self) -> None:
        """It is completed, whatever interrupts the rest of the handshake."""
        self.drop_request()
        self.finish()

    def data_out(self) -> bool:
        """the data to be out before the request"""
        return self.in_step(2 * self.cell.period)

    def give_up(self) -> None:
        """The PLC reported an error: abort with it."""
        self.drop_request()
        self.cell.demand(Command.ABORT, f"{self.name}: the PLC reports an error")

    def acknowledged(self) -> bool:
        """the PLC to acknowledge"""
        return self.answers(self.answer_tags[0])

    def completed(self) -> bool:
        """the PLC to complete"""
        return self.answers(self.answer_tags[1])

    def failed(self) -> bool:
        """the PLC to report an error"""
        return self.answers(self.answer_tags[2])

    def released(self) -> bool:
        """the PLC to take its answers back"""
        return not any(self.answers(tag) for tag in self.answer_tags)


def handshake_steps(
    *,
    acknowledge: float | str = 1.0,
    complete: float | str = 30.0,
    release: float | str = 1.0,
    error: bool = True,
) -> tuple[Step, ...]:
    """The table of a handshake with its limits, in s or OUTSIDE; `error`: whether the PLC may report one."""
    failed = {"FAILED": Handshake.failed} if error else {}
    steps = (
        Step("RELEASED", enter="drop_request", to={"IDLE": Handshake.released}, limit=release),
        Step("IDLE", to={"PREPARING": "needed"}, limit=OUTSIDE),
        Step("PREPARING", enter="prepare", to={"REQUESTED": Handshake.data_out}, limit=1.0),
        Step("REQUESTED", enter="raise_request", to={"RUNNING": Handshake.acknowledged}, limit=acknowledge),
        Step("RUNNING", to={**failed, "COMPLETED": Handshake.completed}, limit=complete),
        Step("COMPLETED", enter="conclude", to={"IDLE": Handshake.released}, limit=release),
        Step("FAILED", enter="give_up", to={"IDLE": Handshake.released}, limit=release),
    )
    return steps if error else steps[:-1]
