"""Faults of the real kind, measured at the plant: how soon all is off and at rest, and that nothing starts
again by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hil.deployed import Deployed

pytestmark = pytest.mark.wire


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Deployed]:
    with Deployed(tmp_path) as deployed:
        deployed.running()
        yield deployed


def busy(cell: Deployed) -> bool:
    """Belt and robot are both at work: the worst moment for a fault."""
    return cell.on("belt.run") and cell.on("robot.moving")


def safe_within(cell: Deployed, since: int, cause: str) -> None:
    """All is off and at rest within the printed bound, plus what this machine was late."""
    cell.until(lambda: not cell.energised(), f"rest after {cause}")
    taken = cell.last_edge(since)
    late = 3 * cell.served.lateness.largest / 1e9 + 0.02
    assert taken <= cell.bound(cause).rest + late, f"{cause}: at rest after {taken:.3f} s"


def stays_off(cell: Deployed, since: int) -> None:
    """The cause is gone; for two seconds nothing is energised, since nobody has reset."""
    limit = time.monotonic() + 2.0
    while time.monotonic() < limit:
        assert not cell.energised()
        time.sleep(0.01)
    assert cell.edges("robot.moving", since) == 0


def names_cause(cell: Deployed, *words: str) -> None:
    cell.until(lambda: cell.status().get("state") == "ABORTED", "ABORTED")
    alarms = cell.status()["alarms"]
    assert alarms and all(word in alarms[0] for word in words), alarms


def test_guard_door(cell: Deployed) -> None:
    cell.until(lambda: busy(cell), "belt and robot at work")
    since = cell.do(lambda now: cell.twin.plant.set("door.open", True))
    safe_within(cell, since, "guard door")
    names_cause(cell, "guard door")
    since = cell.do(lambda now: cell.twin.plant.set("door.open", False))
    stays_off(cell, since)
    cell.recover()


def test_plc_server_gone(cell: Deployed) -> None:
    cell.until(lambda: busy(cell), "belt and robot at work")
    since = cell.do(cell.served.plc.lose)
    safe_within(cell, since, "PLC link is lost")
    names_cause(cell, "status", "lost")
    since = cell.do(cell.served.plc.connect)
    cell.until(lambda: cell.status()["links"]["plc"] == "good", "the link back")
    stays_off(cell, since)
    cell.recover()


def test_plc_stop(cell: Deployed) -> None:
    cell.until(lambda: busy(cell), "belt and robot at work")
    since = cell.twin.now()
    cell.disturb("plc_stop", duration=2.0)
    safe_within(cell, since, "PLC goes to STOP")
    names_cause(cell, "status", "lost", "PLC")
    cell.until(lambda: cell.status()["links"]["plc"] == "good", "the PLC back")
    stays_off(cell, cell.twin.now())
    cell.recover()


def test_robot_line_pulled(cell: Deployed) -> None:
    cell.until(lambda: busy(cell), "belt and robot at work")
    line = cell.served.lines["robot"]
    since = cell.do(lambda now: line.cut(now, "pulled"))
    safe_within(cell, since, "robot line")
    names_cause(cell, "robot lost")
    since = cell.do(line.mend)
    cell.until(lambda: cell.status()["links"]["robot"] == "good", "the line back")
    stays_off(cell, since)
    cell.recover()


def test_garbage_on_the_robot_line(cell: Deployed) -> None:
    """Bytes nobody sent are dropped, and no motion starts twice."""
    starts = len(cell.twin.endpoints["robot"].log)  # type: ignore[attr-defined]
    edges = cell.edges("robot.moving", 0)
    line = cell.served.lines["robot"]
    for n in range(20):
        cell.do(lambda now, n=n: line.inject(bytes(range(33, 33 + n)) + b"\xff\x00QoK\r\n"))
        time.sleep(0.05)
    packed = cell.count("pallet.parts_on")
    cell.until(
        lambda: cell.count("pallet.parts_on") > packed or cell.status()["state"] == "ABORTED",
        "a part or an abort",
    )
    started = len(cell.twin.endpoints["robot"].log) - starts  # type: ignore[attr-defined]
    assert cell.edges("robot.moving", 0) - edges <= started


def test_controller_killed(cell: Deployed) -> None:
    cell.until(lambda: busy(cell), "belt and robot at work")
    shown = int.from_bytes(cell.twin.plant.cut(cell.twin.plant.io.writes[0])[4:6], "big")
    cell.kill()
    since = cell.twin.now()
    safe_within(cell, since, "controller dies")
    cell.start()
    cell.until(lambda: cell.status().get("confirmation_wanted"), "the question for confirmation")
    status = cell.status()
    assert status["retained"]["cell.parts_good"]["value"] >= shown, "a part that counted as durable is lost"
    stays_off(cell, cell.twin.now())
    cell.until(lambda: cell.status()["state"] == "EXECUTE", "production after confirm, reset and start")
