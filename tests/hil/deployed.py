"""A served twin with the deployed controller beside it, as a process of its own, and what the plant does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from control.packml import State
from control.project import load_project
from control.statistics import Histogram
from hil.compare import recorded
from hil.failure import Watcher
from plc_sim.bounds import bounds
from plc_sim.scenario import Disturbance, production
from plc_sim.served import Served, serve_toml
from plc_sim.twin import Twin, twin_class

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"
PATIENCE = 30.0
COILS = ("belt.run", "stopper.extend", "stopper.retract", "inspection.start")
MOVING = ("belt.moving", "robot.moving")
BRISK = {"feeder.period": 1.0}
"""Parts come faster than the cell packs them, so that no test waits for one."""

STAGES = 4
"""Waits for the machine in the way from a cause to rest, each as long as the served PLC was late at most."""


def last_high(lanes: Mapping[str, list[tuple[int, Any]]], names: Iterable[str], since: int) -> float:
    """How long (s) after `since` the last of these signals was high; 0 if none was."""
    ends = [end for name in names for end in ends_of(lanes[name]) if end > since]
    return max((end - since for end in ends), default=0) / 1e9


def ends_of(lane: list[tuple[int, Any]]) -> Iterator[int]:
    """The ends of the stretches in which a signal is high, in ns; far away for one that still is."""
    changes = [time for time, _ in lane[1:]] + [2**62]
    return (end for (_, value), end in zip(lane, changes, strict=True) if value)


class Plain:
    """What `Watcher` needs of a simulation."""

    def __init__(self, twin: Any) -> None:
        self.twin = twin


class Deployed:
    """The pick cell served in real time and its controller running against it; a context manager."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        self.folder, self.project = folder, load_project(CELL)
        self.twin: Twin = twin_class(self.project)(
            BRISK, seed=seed, scenario=production, project=self.project
        )
        if self.twin.disturber.operator is not None:
            self.twin.disturber.operator.delay = 0.1
        self.bounds = bounds(self.twin)
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
        try:
            self.kill()
        finally:
            self.served.__exit__(kind, error, trace)

    # the controller

    def start(self) -> None:
        command = [sys.executable, "-m", "cellwright", "run", str(CELL), "--json"]
        command += ["--links", str(self.folder / "serve.toml"), "--state", str(self.folder / "state")]
        self.controller = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stop(self) -> dict[str, Any]:
        """End the controller in order; what it reported."""
        controller, self.controller = self.controller, None
        assert controller is not None
        controller.terminate()
        out, err = controller.communicate(timeout=PATIENCE)
        assert controller.returncode == 0, err
        return json.loads(out)

    def kill(self) -> None:
        """kill -9: no orderly anything."""
        controller, self.controller = self.controller, None
        if controller is not None:
            controller.kill()
            controller.communicate()

    def status(self) -> dict[str, Any]:
        """What the controller last wrote of itself; empty before that."""
        try:
            return json.loads((self.folder / "state" / "status.json").read_text())
        except FileNotFoundError:
            return {}

    def moves_ordered(self) -> int:
        """How many motions the controller has ordered, by its record."""
        trace = recorded(self.folder / "state" / "records")
        return sum(name == "robot" and value[1].startswith("move_") for _, name, value in trace)

    # the plant

    def on(self, name: str) -> bool:
        return self.twin.plant.signal_value(name)

    def count(self, name: str) -> int:
        return self.twin.plant.counts()[name]

    def shown(self, tag: str) -> int:
        """A number of the block that the controller writes, as the PLC has it."""
        block = self.twin.controller.slots["orders"]
        written = bytes(block.block.first) + self.twin.plant.cut(block.region)
        return block.bound.tags[tag].decode(written)

    def state(self) -> State | None:
        """The cell's state as the panel shows it."""
        shown = self.shown("state")
        return State(shown) if shown else None

    def busy(self) -> bool:
        """Belt and robot are both at work: the worst moment for a fault."""
        return self.on("belt.run") and self.on("robot.moving")

    def until(self, condition: Callable[[], object], what: str) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, f"waited {PATIENCE} s for {what}; the cell: {self.status()}"
            time.sleep(0.005)

    def do(self, act: Callable[[int], object]) -> int:
        """Have the plant's owner do something; when it was done (ns of the twin's time)."""
        return self.served.ask(lambda now: (act(now), now)[1])

    def begin(self, kind: str, target: str = "", duration: float = 0.2) -> int:
        """A disturbance at once; when it was (ns of the twin's time)."""
        disturbance = Disturbance(0.0, kind, target, duration)
        return self.do(lambda now: self.twin.disturber.begin(disturbance, now))

    def safe_within(self, cause: str, since: int) -> None:
        """Coils off and all at rest within the printed bound, plus what this machine was late meanwhile."""
        self.until(lambda: not any(map(self.on, (*COILS, *MOVING))), f"rest after {cause}")
        bound = next(bound for name, bound in self.bounds.items() if cause in name)
        late = STAGES * self.served.lateness.largest / 1e9
        off, rest = (last_high(self.watcher.lanes, names, since) for names in (COILS, (*COILS, *MOVING)))
        times = f"off {off:.3f} s, at rest {rest:.3f} s; wanted {bound}; the machine was late by {late:.3f} s"
        assert off <= bound.off + late and rest <= bound.rest + late, f"{cause}: {times}"

    def watch_lateness(self) -> None:
        """Forget how late the served PLC was so far."""
        self.do(lambda now: setattr(self.served, "lateness", Histogram()))

    def stays_off(self, since: int, seconds: float = 1.0) -> None:
        """From `since` (ns) until `seconds` from now nothing is energised: nobody has reset."""
        end = self.twin.now() + round(1e9 * seconds)
        self.until(lambda: self.twin.now() >= end, "the plant's time to pass")
        assert last_high(self.watcher.lanes, (*COILS, *MOVING), since) == 0

    def recover(self) -> None:
        """Clear, reset, start, as a person does."""
        for button, state in (("clear", State.STOPPED), ("reset", State.IDLE), ("start", State.EXECUTE)):
            self.begin("press", f"panel.{button}")
            self.until(lambda state=state: self.state() is state, state.name)
