"""Faults of the real kind, measured at the plant: how soon all is off and at rest, and that nothing starts
again by itself. test_bounds.py asks the same of the twin in virtual time, at hundreds of moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from control.packml import State
from tests.hil.deployed import Deployed

pytestmark = pytest.mark.wire

GARBAGE = bytes(range(33, 60)) + b"\xff\x00QoK\r\n"


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Deployed]:
    with Deployed(tmp_path) as deployed:
        yield deployed


class Cause(NamedTuple):
    """A fault, the bound that holds for it, and the words of its alarm."""

    kind: str
    target: str
    bound: str
    words: tuple[str, ...]


CAUSES = (
    Cause("open", "door", "guard door", ("trip guard_closed", "guard door")),
    Cause("plc_stop", "", "PLC goes to STOP", ("status lost", "PLC does not run")),
    Cause("link_lost", "plc", "PLC link is lost", ("status lost", "plc")),
    Cause("link_lost", "robot", "robot line is lost", ("robot lost",)),
)


def suffer(cell: Deployed, cause: Cause) -> None:
    """The fault at the worst moment: safe in time, named, and still off when it is over."""
    cell.until(cell.busy, "belt and robot at work")
    cell.watch_lateness()
    since = cell.begin(cause.kind, cause.target, duration=2.0)
    cell.safe_within(cause.bound, since)
    safe = cell.twin.now()
    cell.until(lambda: names(cell, *cause.words), f"an alarm with {cause.words}")
    cell.until(lambda: not cell.twin.disturber.active_faults(), "the end of the fault")
    cell.until(lambda: set(cell.status()["links"].values()) == {"good"}, "the links")
    cell.until(lambda: cell.state() is State.ABORTED, "ABORTED")
    cell.stays_off(safe)


def names(cell: Deployed, *words: str) -> bool:
    """Whether an alarm says what is wrong."""
    return any(all(word in alarm for word in words) for alarm in cell.status().get("alarms", ()))


def throw_garbage(cell: Deployed) -> None:
    """Bytes nobody sent are dropped, or end in a named cause."""
    cell.until(cell.busy, "belt and robot at work")
    line, packed = cell.served.lines["robot"], cell.count("pallet.parts_on")
    for length in range(len(GARBAGE)):
        end = cell.do(lambda now, length=length: line.inject(GARBAGE[length:])) + 40_000_000
        cell.until(lambda end=end: cell.twin.now() >= end, "the next garbage")
    cell.until(
        lambda: cell.count("pallet.parts_on") > packed or names(cell, "robot"), "a part or a named cause"
    )


def test_faults_of_one_shift(cell: Deployed) -> None:
    """One controller outlives them all, after each a person clears, resets and starts, and no motion is
    started twice.
    """
    throw_garbage(cell)
    for cause in CAUSES:
        if cell.state() is State.ABORTED:
            cell.recover()
        suffer(cell, cause)
    assert cell.stop()["state"] == "ABORTED"
    assert len(cell.twin.endpoints["robot"].log) <= cell.moves_ordered()  # type: ignore[attr-defined]


def test_controller_killed(cell: Deployed) -> None:
    cell.until(lambda: cell.shown("packed") and cell.busy(), "a packed part, belt and robot at work")
    cell.watch_lateness()
    shown = cell.shown("packed")
    cell.kill()
    since = cell.twin.now()
    cell.safe_within("controller dies", since)
    safe = cell.twin.now()
    (cell.folder / "state" / "status.json").unlink()
    cell.start()
    cell.until(lambda: cell.status().get("confirmation_wanted"), "the question for confirmation")
    parts = cell.status()["retained"]["cell.parts_good"]["value"]
    assert parts >= shown >= 1, "a part that counted as durable is lost"
    assert cell.status()["state"] == "STOPPED"
    cell.stays_off(safe, seconds=0.0)
    cell.until(lambda: cell.state() is State.EXECUTE, "production after confirm, reset and start")
