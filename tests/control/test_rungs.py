"""The theorem skipping rests on: evaluated and scanned only when needed, a cell leaves the same trace."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from control.cell import Cell
from control.record import snapshot
from tests.control.random_cell import CellData, cells, make_cell
from tests.control.random_rig import HISTORIES, played


def known(cell: Cell) -> dict[str, Any]:
    """What a cell knows, but for the images: skipped scans do not take what nothing reads."""
    return {name: part for name, part in snapshot(cell).items() if name != "images"}


def test_there_is_something_to_compare() -> None:
    def fires(example: tuple[CellData, list[Any]]) -> bool:
        rig = played(example[0], make_cell(example[0]), example[1], every_rung=True, skip=False)
        names = {sequence.name for sequence in rig.cell.sequences_by_class.values()}
        return len([name for _, name, _ in rig.trace if name in names]) > 3 and not rig.cell.alarms

    unshrunk = settings(phases=[Phase.generate])
    find(st.tuples(cells(), HISTORIES), fires, settings=unshrunk)  # raises if there is none


@settings(max_examples=150)
@given(cells(), HISTORIES)
def test_needed_evaluation_and_needed_scans_leave_the_trace_of_full_evaluation(
    data: CellData, history: list[Any]
) -> None:
    kind = make_cell(data)
    full = played(data, kind, history, every_rung=True, skip=False)
    needed = played(data, kind, history, every_rung=False, skip=False)
    skipped = played(data, kind, history, every_rung=False, skip=True)
    assert needed.trace == full.trace
    assert skipped.trace == full.trace
    assert skipped.scans <= needed.scans
    assert snapshot(needed.cell) == snapshot(full.cell)
    assert known(skipped.cell) == known(full.cell)
    assert needed.cell.violations == full.cell.violations == skipped.cell.violations
    assert needed.devices["box"].orders == full.devices["box"].orders
