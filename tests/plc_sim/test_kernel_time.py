"""Where a run is stopped, whether it is compiled, what else is in the plant: nothing of it matters."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from control.errors import ConfigurationError
from plc_sim.components.belt import Belt, Feeder, PhotoEye
from plc_sim.components.panel import Panel, button
from plc_sim.components.user import UserComponent
from plc_sim.kernel import host
from plc_sim.kernel.advance import advance, advance_batch
from plc_sim.kernel.compilation import compiled
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.user import UserRow, heard, say
from plc_sim.plant import Cause, Plant
from plc_sim.plc import Plc
from tests.plc_sim.controller import PickController, plant_with, record, replayable
from tests.plc_sim.plants import pick_plant

MS = 1_000_000
SECOND = 1_000_000_000
STOP_WORDS = [Header.TIME, Header.DONE, Header.CAUSE]
"""What the header's documentation says a stop may change."""


def running_plant(seconds: float = 6.0, **options: Any) -> Plant:
    """The pick plant in the middle of its work."""
    plant = pick_plant(**{"seed": 3, **options})
    controller = PickController(plant)
    controller.start()
    controller.run(seconds)
    return plant


@pytest.mark.parametrize("seed", range(4))
def test_where_a_run_is_stopped_changes_no_word(seed: int) -> None:
    recorded, actions = record(25.0, seed)
    plant, draw = plant_with(replayable(recorded, actions), seed), Random(seed)
    PickController(plant).start()
    other, end = plant.snapshot(), plant.now + 25 * SECOND
    while plant.now < end:
        plant.advance(
            min(plant.now + draw.choice((0, 1, draw.randint(1, 5 * MS), draw.randint(1, SECOND))), end)
        )
    advance(other, end)
    assert plant.counts() == recorded.counts() and plant.counts()["camera.done"] > 4
    assert np.array_equal(plant.block, other)


def test_a_stop_that_is_no_event_changes_nothing_but_what_the_header_says() -> None:
    plant = running_plant()
    before = plant.snapshot()
    plant.advance(plant.now + 1)
    (changed,) = np.nonzero(plant.block != before)
    assert plant.words[Header.EVENTS] == before[Header.EVENTS]
    assert set(changed) == {Header.TIME, Header.DONE}
    assert set(changed) <= set(STOP_WORDS)


def test_a_restored_snapshot_goes_on_as_the_original_did() -> None:
    plant = running_plant()
    snapshot, end = plant.snapshot(), plant.now + 10 * SECOND
    plant.advance(end)
    first = plant.snapshot()
    plant.restore(snapshot)
    plant.advance(end)
    assert np.array_equal(plant.block, first)


SHORT_RUN = """
import hashlib
from tests.plc_sim.test_kernel_time import running_plant
plant = running_plant(15.0)
print(plant.words[0], hashlib.sha256(plant.block.tobytes()).hexdigest())
"""


def test_compiled_or_not_every_word_is_the_same() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "NUMBA_DISABLE_JIT": "1" if compiled else "0"}
    here = subprocess.Popen(
        [sys.executable, "-c", SHORT_RUN],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    plant = running_plant(15.0)
    ours = f"{plant.words[0]} {hashlib.sha256(plant.block.tobytes()).hexdigest()}\n"
    theirs, _ = here.communicate(timeout=120)
    assert theirs == ours


def test_a_batch_gives_the_words_of_single_runs() -> None:
    plants = [running_plant(1.0, scenario=scenario) for scenario in range(4)]
    blocks = np.stack([plant.block for plant in plants])
    advance_batch(blocks, plants[0].now + 30 * SECOND)
    for plant, block in zip(plants, blocks, strict=True):
        plant.advance(plant.now + 30 * SECOND)
        assert np.array_equal(plant.block, block)
    assert len({int(block[Header.EVENTS]) for block in blocks}) > 1


class Desk(Panel):
    go = button()


def line_plant(extra: bool = False, **options: Any) -> Plant:
    """A belt that is fed at random and runs; perhaps with components that nobody reads."""
    belt = Belt(length=2.0)
    others: dict[str, Any] = {"lonely_eye": PhotoEye(belt, at=0.7)} if extra else {}
    if extra:
        side = Belt(length=1.0)
        others |= {"side": side, "side_feeder": Feeder(side, mean=0.3), "side_eye": PhotoEye(side, at=0.5)}
    own = {
        "belt": belt,
        "feeder": Feeder(belt, mean=1.0, good=0.5),
        "eye": PhotoEye(belt, at=1.0),
        "desk": Desk(),
    }
    plant = Plant({**others, **own}, Plc(), **{"seed": 11, **options})
    plant.set("belt.run", True)
    if extra:
        plant.set("side.run", True)
    return plant


def edges(plant: Plant, seconds: int) -> list[tuple[int, bool, int]]:
    """Every edge of the eye, with what was fed by then."""
    plant.stop_at_edges(["eye.blocked"])
    end, found = plant.now + seconds * SECOND, []
    while not plant.cause & Cause.UNTIL or plant.now < end:
        plant.advance(end)
        if plant.cause & Cause.PREDICATE:
            found.append((plant.now, plant.signal_value("eye.blocked"), plant.counts()["feeder.fed"]))
    return found


def test_components_that_nobody_reads_change_no_event_of_others() -> None:
    alone, accompanied = edges(line_plant(), 60), edges(line_plant(extra=True), 60)
    assert len(alone) > 60
    assert alone == accompanied


def test_draws_differ_by_seed_and_by_scenario() -> None:
    runs = [
        edges(line_plant(seed=seed, scenario=scenario), 20)
        for seed, scenario in ((1, 0), (2, 0), (1, 1), (1, 0))
    ]
    assert runs[0] == runs[3] and runs[0] != runs[1] and runs[0] != runs[2] and runs[1] != runs[2]


def test_many_components_are_searched_by_blocks() -> None:
    belt = Belt(length=60.0, speed=1.0, part_length=0.1)
    eyes = {f"eye_{k}": PhotoEye(belt, at=0.5 + k) for k in range(54)}
    plant = Plant({"belt": belt, "feeder": Feeder(belt, times=(1.0,)), **eyes}, Plc())
    assert plant.words[Header.BLOCKS] == 4
    plant.set("belt.run", True)
    plant.stop_at_edges([f"{name}.blocked" for name in eyes])
    seen_at = []
    while len(seen_at) < 108:
        plant.advance(plant.timing.start + 90 * SECOND)
        assert plant.cause & Cause.PREDICATE
        seen_at.append(plant.now - plant.timing.start)
    front = sorted([*(1.502 + k for k in range(54)), *(1.602 + k for k in range(54))])
    assert seen_at == pytest.approx([time * 1e9 for time in front], abs=1)


def bounce(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: E741, N803
    """Answers an edge at once, for ever."""
    say(I, o, 0, 1 - heard(I, o, 0), t)
    return t


def test_an_event_storm_stops_and_names_the_component() -> None:
    plant = Plant({"desk": Desk(), "echo": UserComponent(bounce)}, Plc())
    with pytest.raises(ConfigurationError, match=r"^echo: too many events at one instant, 1000000007 ns"):
        plant.advance(plant.now + SECOND)
    assert plant.cause == Cause.STORM


def metronome(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: E741, N803
    """Toggles its signal at intervals of its first word, counting in its second."""
    w = I[o + UserRow.WORDS]
    I[w + 1] += 1
    say(I, o, 0, I[w + 1] % 2, t)
    return t + I[w]


def test_a_users_component_is_called_at_its_events() -> None:
    plant = Plant({"beat": UserComponent(metronome, (250 * MS, 0))}, Plc())
    plant.stop_at_edges(["beat.out"])
    found = []
    for _ in range(5):
        plant.advance(plant.timing.start + SECOND)
        found.append((plant.now - plant.timing.start, plant.signal_value("beat.out")))
    assert found == [(0, True), (250 * MS, False), (500 * MS, True), (750 * MS, False), (1000 * MS, True)]


def test_every_kernel_function_is_compiled_for_one_signature() -> None:
    running_plant(1.0)
    several = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("plc_sim.kernel"):
            for function in vars(module).values():
                if isinstance(function, Dispatcher) and len(function.signatures) > 1:
                    several[function.__name__] = function.signatures
    assert several == {}


def test_the_host_sees_exchanges_and_scans_where_the_kernel_has_them() -> None:
    plant = pick_plant()
    starts = [host.exchange(plant.block, k) for k in range(50)]
    timing = plant.timing
    for k, (start, access, arrival) in enumerate(starts):
        assert start == timing.start + timing.link_phase + k * timing.link_cycle
        assert (access - start, arrival - start) == (MS, 2 * MS)
    scan = host.scan_instant(plant.block, 7)
    plant.wait(scan, 0)
    assert plant.advance(NEVER) == scan
    plant.wait(scan + 1, 0)
    assert plant.advance(NEVER) == host.scan_instant(plant.block, 8)
