"""What a running cell tells: its state, what it waits for, alarms, retained values, links.

`run` writes it to `status.json` in the cell's state folder; `cellwright status` reads it there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from control.cell import Cell
from control.codec import encode
from control.errors import ConfigurationError

PERIOD = 0.5
STALE = 3.0


def status(cell: Cell) -> dict[str, Any]:
    """The cell's present status, as plain data."""
    retained = cell.retained.values()
    return {
        "state": cell.state.name,
        "waiting_for": cell.waiting_for(),
        "alarms": [alarm.text for alarm in cell.alarms],
        "held_back": {
            tag.path: rung.reason for rung in cell.interlock_rungs if rung.reason for tag, _ in rung.outputs
        },
        "parts_good": cell.parts_good,
        "parts_rejected": cell.parts_rejected,
        "retained": {
            key: {"value": encode(value), "durable": cell._scan.durable.get(key) == value}
            for key, value in retained.items()
        },
        "confirmation_wanted": cell.unconfirmed,
        "links": {
            **{
                p.link.name: "good" if p.image is not None and p.image.good else p.cause() for p in cell.ports
            },
            **{n: "good" if d.image.good else d.image.cause for n, d in cell.devices.items()},
        },
        "latched": cell.latched,
    }


class StatusFile:
    """Writes the status now and then, from a thread of its own, so that a slow disk never delays a scan."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self.cell, self.path = cell, folder / "status.json"
        self.newest: dict[str, Any] | None = None
        self.next = 0.0
        self.cause = ""
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, name="status", daemon=True)
        folder.mkdir(parents=True, exist_ok=True)
        self.thread.start()

    def update(self) -> None:
        """Called after every scan; keeps the status of one now and then."""
        now = time.monotonic()
        if now >= self.next:
            self.next = now + PERIOD
            self.newest = status(self.cell)

    def run(self) -> None:
        """The writer."""
        while not self.done.wait(PERIOD):
            self.write()

    def write(self) -> None:
        """Replace the file by the newest status."""
        newest, self.newest = self.newest, None
        if newest is None:
            return
        fresh = self.path.with_suffix(".new")
        try:
            fresh.write_text(
                json.dumps({"pid": os.getpid(), "time": time.time(), **newest}), encoding="utf-8"
            )
            fresh.replace(self.path)
        except OSError as error:
            self.cause = f"status not written: {error}"

    def close(self) -> None:
        """Write the last status and remove nothing: what the cell ended in can still be read."""
        self.done.set()
        self.thread.join()
        self.newest = status(self.cell)
        self.write()


def read_status(folder: Path) -> dict[str, Any]:
    """The last status written, with `running`: whether its process is alive and writing."""
    path = folder / "status.json"
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no status; has `cellwright run` been started for this cell?"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    data["age_s"] = round(time.time() - data.pop("time"), 1)
    data["running"] = data["age_s"] < STALE and alive(data["pid"])
    return data


def alive(pid: int) -> bool:
    """Whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
