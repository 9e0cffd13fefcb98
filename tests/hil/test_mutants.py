"""Mutants of the pick cell: which property kills which, and with how little."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from control.errors import ConfigurationError, DefinitionError
from control.project import load_project
from hil.mutation import Mutant, Verdict, distance, judge, mutants, named, sequences
from hil.rig import Example
from plc_sim.scenario import Disturbance
from tests.hil.mutants import CELL, CORRECT, row

ROOT = Path(__file__).parents[2]
CORES, MOST = 2, 600

TIMED = "its guard holds after a fixed time, well within both limits"
EQUIVALENT = {
    "PalletExchange.PREPARING: limit x 10": TIMED,
    "PalletExchange.PREPARING: limit / 10": TIMED,
    "PalletExchange.PREPARING -> REQUESTED: data_out dropped": "no data goes with this request",
    "PalletExchange.PREPARING -> REQUESTED: data_out negated": "no data goes with this request",
    "Feed.SEARCHING: limit x 10": TIMED,
    "Feed.BRAKING: limit x 10": "the simulated belt always comes to rest when it is switched off",
    "Home.LOCATING: limit x 10": "the driver gives a robot up that does not answer, and that sooner",
}
"""Mutants that no property can tell from the correct controller, and why."""


@pytest.mark.parametrize(
    ("name", "requirement"),
    [
        ("Feed.OFFERED -> READY: taken dropped", "PC-16"),
        ("Pick.GRIPPING -> LIFTING: gripped negated", "PC-14"),
        ("Home.ACKNOWLEDGING -> ENABLING: alarm_gone negated", "PC-08"),
        ("Feed.CARRYING: limit / 10", "PC-28"),
        ("Feed.inspected: without clearing self.cell.orders.inspect", "PC-18"),
        ("PalletExchange.REQUESTED -> RUNNING: acknowledged dropped", "PC-25"),
        ("Home.RISING -> HOMING: carried_out dropped", "PC-26"),
    ],
)
def test_a_mutant_of_each_class_is_caught(name: str, requirement: str) -> None:
    project = load_project(CELL)
    controller = project.controller()
    verdict = judge(Mutant(name, lambda: named(controller, name)), project, most=1)
    assert verdict.killed_by == requirement and not verdict.disturbances


def test_the_mutants_are_those_of_every_guard_limit_and_clear() -> None:
    controller = load_project(CELL).controller()
    names = [mutant.name for mutant in mutants(controller)]
    steps = [step for kind in sequences(controller) for step in kind.steps]
    rows, limits = sum(len(s.to) for s in steps), sum(isinstance(s.limit, float) for s in steps)
    clears = [name for name in names if "without clearing" in name]
    assert len(names) == len(set(names)) == 2 * rows + 2 * limits + len(clears)
    assert "PalletExchange.drop_request: without clearing self.request_tag" in clears
    assert set(EQUIVALENT) <= set(names)


def test_what_cannot_be_made_is_caught_by_the_definition() -> None:
    def refuse() -> type:
        raise DefinitionError("a step that leads nowhere")

    assert judge(Mutant("x", refuse), load_project(CELL), most=1) == Verdict("x", "definition")


def test_an_unknown_mutant_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"no mutant 'Feed.CARRYING: limit x 11'; .*limit x 10"):
        named(load_project(CELL).controller(), "Feed.CARRYING: limit x 11")


def test_a_mutant_s_own_step_and_sequence_are_disturbed_first() -> None:
    moments = ("pick LIFTING 1", "feed READY 1", "pick CARRYING 1", "state IDLE 1")
    examples = [Example(1, (Disturbance(0.1, "open", "door", after=after),)) for after in moments]
    ordered = sorted(examples, key=partial(distance, "pick CARRYING"))
    assert [examples.index(example) for example in ordered] == [2, 0, 1, 3]


@pytest.mark.campaign
def test_campaign() -> None:
    """Every mutant; at least nine of ten are caught by a named property, with at most three disturbances."""
    command = [sys.executable, "-m", "tests.hil.mutants"]
    shares = [
        subprocess.Popen(
            [*command, str(share), str(CORES), str(MOST)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for share in range(CORES)
    ]
    lines = [line for share in shares for line in share.communicate()[0].splitlines()]
    verdicts = [Verdict(**json.loads(line)) for line in lines]
    print(table(verdicts))
    found = {verdict.mutant: verdict for verdict in verdicts}
    assert not found.pop(CORRECT).killed_by, "the correct controller fails"
    assert set(found) == {mutant.name for mutant in mutants(load_project(CELL).controller())}
    built = [verdict for verdict in found.values() if verdict.killed_by != "definition"]
    caught = [verdict for verdict in built if verdict.killed_by]
    small = [verdict for verdict in caught if not verdict.tour and len(verdict.disturbances) <= 3]
    assert len(caught) >= 0.9 * len(built)
    assert len(small) >= 0.9 * len(caught)


def table(verdicts: list[Verdict]) -> str:
    """The campaign for people: what is caught, and what is not and why."""
    rows = [row(verdict) for verdict in sorted(verdicts) if verdict.killed_by]
    left = [verdict for verdict in verdicts if not verdict.killed_by]
    rows += [f"{row(verdict)}  {EQUIVALENT.get(verdict.mutant, '')}" for verdict in sorted(left)]
    return "\n".join(["", *rows, f"{len(verdicts) - len(left)} caught, {len(left)} not (with {CORRECT!r})"])
