"""What a cell reacts to by itself: device orders that failed, lost links, the panel, starvation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from control.conduct import AFTER
from control.controller import resolve
from control.device import Device
from control.packml import Command, State
from control.scan import NEVER, Rung, Scan, ns
from control.tag import Tag

if TYPE_CHECKING:
    from control.cell import Cell


class DeviceRung(Rung):
    """Takes in what became of a device's orders and runs its driver's own logic."""

    def __init__(self, device: Device, cell: Cell) -> None:
        self.device, self.cell = device, cell

    def run(self, scan: Scan) -> None:
        scan.reads |= self.device.failed_bit
        for who, text in self.device.failures():
            name, _, step = who.partition(".")
            sequence = next((s for s in self.cell.sequences_by_class.values() if s.name == name), None)
            if sequence is None:
                self.cell.demand(Command.ABORT, text)
            else:
                sequence.runner.refuse(step, text)
        scan.touched = 0  # an order that is given from here on concerns this rung once it has failed
        self.device.update()
        if self.device.every_scan:
            scan.due = 0


def losses(cell: Cell) -> Iterator[tuple[Command, str, str]]:
    """The blocks and devices that are lost: what that commands, which it is, and why."""
    for port in cell.ports:
        for view in port.inputs:
            if not view.block.good and view.slot.lost is not None:
                yield view.slot.lost, view.slot.name, view.cause
    for name, slot in cell.devices_declared.items():
        device = cell.devices[name]
        if not device.good and slot.lost is not None:
            yield slot.lost, name, device.image.cause


def refusal(cell: Cell, command: Command) -> str:
    """Why a command is not permitted now; empty if it is."""
    scan, after = cell._scan, AFTER.get(command, frozenset())
    if command is Command.RESET and cell.unconfirmed:
        return "wants the retained values confirmed"
    for rung in cell.trip_rungs:
        if rung.reaction in after and (failing := rung.failing(scan)):
            return f"wants {failing}"
    for reaction, source, text in losses(cell) if after else ():
        if reaction in after:
            return f"wants {source} back: {text}"
    failing = cell.permitted[command].first_failing(scan) if command in cell.permitted else ""
    return f"wants {failing}" if failing else ""


class LossRung(Rung):
    """Demands what was declared when a block or device is lost; again in every state, since the cause
    stays.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def run(self, scan: Scan) -> None:
        for command, source, cause in losses(self.cell):
            self.cell.trip(command, source, f"{source} lost: {cause}")


class RetainRung(Rung):
    """Raises an alarm when retained values cannot be saved."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def run(self, scan: Scan) -> None:
        scan.reads |= self.cell.retained.cause_bit
        if cause := self.cell.retained.cause:
            self.cell.raise_alarm("retained", cause)


class PanelRung(Rung):
    """Turns rising edges of the buttons into commands. A button that is already pressed when it is first
    seen, at power-up or after its link was lost, is none.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell, kind = cell, type(cell)
        buttons: dict[Command | None, Tag[bool]] = {**kind.buttons}
        if kind.confirm is not None:
            buttons[None] = kind.confirm
        tags = {command: resolve(kind, tag) for command, tag in buttons.items()}
        self.buttons = [
            (command, tag, getattr(cell, tag.path.partition(".")[0])) for command, tag in tags.items()
        ]

    def run(self, scan: Scan) -> None:
        before = self.cell.pressed
        pressed = [(c, tag) for c, tag, block in self.buttons if tag.__get__(block, type(block))]
        lost = [tag for _, tag, block in self.buttons if not block.good]
        self.cell.pressed = tuple(
            tag.path for tag in (*lost, *(tag for _, tag in pressed if tag not in lost))
        )
        for command, tag in pressed:
            if before is None or tag.path in before or tag in lost:
                continue
            if command is not None:
                self.cell.demand(command, f"button {tag.name}")
            elif self.cell.unconfirmed:
                self.cell.unconfirmed = False
                self.cell.note("retained values confirmed")


class HeardRung(Rung):
    """Passes on what was asked from outside the scan."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def run(self, scan: Scan) -> None:
        scan.reads |= self.cell.heard_bit
        for command, cause in self.cell.heard:
            self.cell.demand(command, f"asked from outside: {cause}")


class StarvedRung(Rung):
    """In EXECUTE: when every sequence has waited for the outside for the grace time, suspend."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def run(self, scan: Scan) -> None:
        cell = self.cell
        for sequence in cell.present:
            scan.reads |= sequence.runner.outside_bit
            if not sequence.runner.place.outside:
                cell.outside_since = NEVER
                return
        cell.outside_since = min(cell.outside_since, scan.now)
        limit = cell.outside_since + ns(cell.grace)
        if scan.now >= limit and cell.leads(Command.SUSPEND):
            cell.demand(Command.SUSPEND, "; ".join(sequence.waiting_for() for sequence in cell.present))
        elif scan.now < limit:
            scan.due = min(scan.due, limit)


class ReadyRung(Rung):
    """In SUSPENDED: the first guard that holds unsuspends."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def run(self, scan: Scan) -> None:
        scan.locked, ready = "a guard in SUSPENDED", []
        for sequence in self.cell.in_state(State.EXECUTE):
            scan.reads |= sequence.runner.bit
            if sequence.runner.ready():
                ready.append(sequence.name)
        scan.locked = ""
        if ready and not refusal(self.cell, Command.UNSUSPEND):
            self.cell.demand(Command.UNSUSPEND, f"{', '.join(ready)} can go on")


def rungs_of(cell: Cell) -> Iterator[Rung]:
    """The rungs of the sequences that run in the present state, and what watches over them."""
    state = cell.packml._state["state"][0]
    for sequence in cell.present:
        yield from (*sequence.blocks.values(), sequence.runner)
    if state is State.EXECUTE and cell.present:
        yield StarvedRung(cell)
    if state is State.SUSPENDED:
        for sequence in cell.in_state(State.EXECUTE):
            if sequence.runner.place.frozen == NEVER:
                yield from sequence.blocks.values()
        yield ReadyRung(cell)
