"""Parts: none is lost, none doubled, none passes another, whatever is commanded."""

from __future__ import annotations

import math
from random import Random

import pytest

from plc_sim.kernel import host
from plc_sim.kernel.belt_row import BeltRow, PartRow, belt_speed
from plc_sim.kernel.cylinder_row import CylinderRow
from plc_sim.plant import Plant
from tests.plc_sim.controller import PickController
from tests.plc_sim.plants import (
    ABOVE_STOP,
    AT_STOP,
    CHUTE,
    FIRST_PLACE,
    HOME,
    pick_map,
    pick_parts,
    pick_plant,
)

SECOND = 1_000_000_000
PITCH = 0.12


def balance(plant: Plant) -> tuple[int, int]:
    """Parts that came, and parts that are somewhere."""
    counts = plant.counts()
    where = ("belt.parts_on", "belt.left", "hand.holds", "hand.dropped", "pallet.parts_on", "chute.rejected")
    return counts["feeder.fed"], sum(counts[name] for name in (*where, "exchanger.shipped"))


def fronts(plant: Plant) -> list[float]:
    """Fronts of all parts now, the foremost first."""
    o, words, reals = plant.row["belt"], plant.words, plant.reals
    before = words[o + BeltRow.SHIFTED]
    dt = (plant.now - before) * 1e-9
    speed = getattr(belt_speed, "py_func", belt_speed)(words, reals, o, before)
    moved = speed * dt + 0.5 * reals[o + BeltRow.RATE] * dt * dt
    first = words[o + BeltRow.PARTS]
    rows = range(first, first + PartRow.SIZE * words[o + BeltRow.PARTS_ON], PartRow.SIZE)
    return [reals[row] + (0.0 if words[row + PartRow.HELD] else moved) for row in rows]


def disturb(plant: Plant, draw: Random) -> None:
    """One random command of PLC, robot or fault."""
    arm = plant.number("robot")
    what = draw.randrange(8)
    if what < 4:
        command = draw.choice((draw.randrange(256), 0b01000101, 0b01000101, 0b01000011))
        plant.memory[plant.io.memory.span(plant.io.writes[0]).start] = command
        host.memory_written(plant.block, plant.now)
    elif what == 4:
        places = (ABOVE_STOP, AT_STOP, CHUTE, FIRST_PLACE._replace(x=0.1 + 0.06 * draw.randrange(4)))
        branch, joints = host.solve(plant.block, arm, draw.choice(places), HOME)
        assert branch >= 0
        host.start_joint_move(plant.block, arm, joints, draw.choice((0.3, 1.0)), plant.now)
    elif what == 5:
        host.set_override(plant.block, arm, draw.choice((0.2, 1.0)), plant.now)
    elif what == 6:
        plant.set_parameter("belt.speed", draw.choice((0.2, 0.5, 1.1)))
    else:
        host.stop_move(plant.block, arm, plant.now)


@pytest.mark.parametrize("seed", range(20))
def test_no_part_is_lost_or_doubled_or_overlaps(seed: int) -> None:
    draw = Random(seed)
    parts = pick_parts({"mean": 0.8})
    if seed % 2:
        del parts["end"]
    plant = Plant(parts, pick_map(parts), seed=seed)
    PickController(plant).start()
    for _ in range(400):
        disturb(plant, draw)
        plant.advance(plant.now + draw.randint(1, SECOND))
        came, are = balance(plant)
        assert came == are
        positions = fronts(plant)
        assert all(
            ahead - behind > PITCH - 1e-9 for ahead, behind in zip(positions, positions[1:], strict=False)
        )
        assert all(-1e-9 < x < 1.2 + 1e-9 for x in positions)
    assert plant.counts()["feeder.fed"] > (30 if seed % 2 else 8)


def test_the_hand_takes_places_and_drops() -> None:
    plant = pick_plant({"period": 2.0, "good": 0.5}, seed=4)
    controller = PickController(plant)
    controller.start()
    controller.run(90.0)
    counts = plant.counts()
    assert counts["chute.rejected"] > 3 and counts["chute.good_rejected"] == 0
    assert counts["pallet.parts_on"] + counts["exchanger.shipped"] > 3
    assert counts["pallet.good_on"] == counts["pallet.parts_on"]
    assert counts["hand.dropped"] == 0


def test_a_full_pallet_is_exchanged_and_what_lies_on_it_shipped() -> None:
    plant = pick_plant({"period": 2.0}, seed=4)
    controller = PickController(plant)
    controller.start()
    controller.run(70.0)
    assert plant.counts()["exchanger.exchanges"] == 1
    assert plant.counts()["exchanger.good_shipped"] == 12


def test_a_hand_that_opens_in_the_air_drops_its_part() -> None:
    plant = pick_plant({"times": (0.5,)}, seed=4)
    controller = PickController(plant)
    controller.start()
    while not plant.signal_value("hand.part_present"):
        controller.run(0.01)
    controller.write(off=8)
    plant.advance(plant.now + SECOND)
    assert plant.counts()["hand.dropped"] == 1
    assert not plant.signal_value("hand.part_present")


def test_a_stopper_that_holds_its_place_lets_no_part_pass() -> None:
    plant = pick_plant({"mean": 1.0}, seed=9)
    PickController(plant).start()
    plant.memory[plant.io.memory.span(plant.io.writes[0]).start] = 1
    host.memory_written(plant.block, plant.now)
    plant.advance(plant.now + 60 * SECOND)
    assert plant.words[plant.row["stopper"] + CylinderRow.ZONE] == 3
    assert math.isclose(fronts(plant)[0], 0.6, abs_tol=1e-12)
