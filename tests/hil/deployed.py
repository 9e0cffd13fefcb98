"""A served twin with the deployed controller beside it, as a process of its own, and what the plant does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from control.project import load_project
from hil.failure import Watcher
from plc_sim.bounds import Bound, bounds
from plc_sim.scenario import Disturbance, production
from plc_sim.served import Served, serve_toml
from plc_sim.twin import twin_class

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"
PATIENCE = 60.0
ACTUATORS = ("belt.run", "stopper.extend", "stopper.retract", "inspection.start")


class Plain:
    """What `Watcher` needs of a simulation."""

    def __init__(self, twin: Any) -> None:
        self.twin = twin


class Deployed:
    """The pick cell served in real time and its controller running against it; a context manager."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        self.folder, self.project = folder, load_project(CELL)
        kind = twin_class(self.project)
        self.bounds = bounds(kind, self.project)
        self.twin = kind(seed=seed, scenario=production, project=self.project)
        self.watcher = Watcher(Plain(self.twin))  # type: ignore[arg-type]
        self.served = Served(self.twin, folder / "ports")
        self.controller: subprocess.Popen[str] | None = None

    def __enter__(self) -> Deployed:
        self.served.__enter__()
        (self.folder / "serve.toml").write_text(serve_toml(self.served.tables()))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.served.__exit__(kind, error, trace)

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "cellwright",
            "run",
            str(CELL),
            "--links",
            str(self.folder / "serve.toml"),
        ]
        command += ["--json", "--state", str(self.folder / "state")]
        self.controller = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stop(self) -> dict[str, Any]:
        """End the controller in order; what it reported."""
        controller, self.controller = self.controller, None
        if controller is None:
            return {}
        controller.terminate()
        out, err = controller.communicate(timeout=30)
        assert controller.returncode in (0, -9), err
        return json.loads(out) if out else {}

    def kill(self) -> None:
        """kill -9: no orderly anything."""
        assert self.controller is not None
        self.controller.kill()
        self.controller.communicate()
        self.controller = None

    # the plant

    def on(self, name: str) -> bool:
        return self.twin.plant.signal_value(name)

    def count(self, name: str) -> int:
        return self.twin.plant.counts()[name]

    def until(self, condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        limit = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < limit, f"waited {patience} s for {what}; the cell: {self.status()}"
            time.sleep(0.005)

    def energised(self) -> list[str]:
        return [name for name in (*ACTUATORS, "robot.moving") if self.on(name)]

    def do(self, act: Callable[[int], object]) -> int:
        """Have the plant's owner do something; when it was done (ns of the twin's time)."""
        done = threading.Event()
        when: list[int] = []

        def run(now: int) -> None:
            act(now)
            when.append(now)
            done.set()

        self.served.do(run)
        assert done.wait(PATIENCE), "the twin does not answer"
        return when[0]

    def disturb(self, kind: str, target: str = "", duration: float = 0.2) -> None:
        at = (self.twin.now() - self.twin.disturber.origin) / 1e9
        self.do(lambda now: self.twin.disturber.add(Disturbance(at, kind, target, duration)))

    def last_edge(self, since: int) -> float:
        """When the last actuator went off or the robot came to rest, in s after `since` (ns)."""
        falls = [
            time
            for name in (*ACTUATORS, "robot.moving")
            for time, value in self.watcher.lanes[name]
            if not value
        ]
        return max((fall - since for fall in falls), default=0) / 1e9

    def edges(self, name: str, since: int) -> int:
        """How often a signal has risen since a time."""
        return sum(value for time, value in self.watcher.lanes[name] if time > since)

    def bound(self, cause: str) -> Bound:
        return next(bound for name, bound in self.bounds.items() if cause in name)

    # the controller

    def status(self) -> dict[str, Any]:
        path = self.folder / "state" / "status.json"
        for _ in range(100):
            try:
                return json.loads(path.read_text())
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.02)
        return {}

    def running(self) -> None:
        """Wait until the cell produces."""
        self.until(lambda: self.count("pallet.parts_on") >= 1, "a packed part")

    def recover(self) -> None:
        """Clear, reset, start, as a person does."""
        for button, state in (("clear", "STOPPED"), ("reset", "IDLE"), ("start", "EXECUTE")):
            if self.status()["state"] != state:
                self.disturb("press", f"panel.{button}")
                self.until(lambda state=state: self.status()["state"] == state, state)
