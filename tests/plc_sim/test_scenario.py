"""Scenarios as data: what is written as TOML, JSON or Python comes back the same."""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control.errors import ConfigurationError
from plc_sim.commands import scenario_of
from plc_sim.scenario import KINDS, SCENARIOS, Attendance, Disturbance, Scenario, production

SECONDS = st.floats(0.0, 1e6)
TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
VALUES = {
    "stuck": st.sampled_from((0.0, 1.0)),
    "late": SECONDS,
    "robot_slow": st.floats(0.0, 1.0, exclude_min=True),
    "controller_power_loss": st.sampled_from((0.0, 1.0)),
    "s7_split": st.floats(1.0, 65536.0),
    "s7_merge": st.floats(2.0, 64.0),
    "s7_pdu": st.floats(240.0, 960.0),
}
DISTURBANCES = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.builds(
        Disturbance,
        at=SECONDS,
        kind=st.just(kind),
        target=TEXTS,
        duration=SECONDS,
        value=VALUES.get(kind, st.just(0.0)),
        after=TEXTS,
    )
)
SCENARIO = st.builds(
    lambda disturbances, operator: Scenario("night", tuple(sorted(disturbances)), operator),
    st.lists(DISTURBANCES, max_size=4),
    st.sampled_from(Attendance),
)


def data_of(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a file holds it."""
    entries = [asdict(entry) for entry in scenario.disturbances]
    return {"name": scenario.name, "operator": scenario.operator.name.lower(), "disturbances": entries}


def toml_of(data: dict[str, Any]) -> str:
    """The same as TOML, whose strings and numbers are those of JSON."""
    lines = [f"{key} = {json.dumps(data[key])}" for key in ("name", "operator")]
    for entry in data["disturbances"]:
        lines += ["[[disturbances]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
    return "\n".join(lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCENARIO)
def test_a_scenario_comes_back_from_toml_and_json(tmp_path: Path, scenario: Scenario) -> None:
    data = data_of(scenario)
    for name, text in (("night.json", json.dumps(data)), ("night.toml", toml_of(data))):
        (tmp_path / name).write_text(text)
        assert scenario_of(str(tmp_path / name)) == scenario


@given(DISTURBANCES)
def test_the_call_makes_the_disturbance(disturbance: Disturbance) -> None:
    call = ast.parse(disturbance.call(), mode="eval").body
    assert isinstance(call, ast.Call)
    arguments = [ast.literal_eval(argument) for argument in call.args]
    named = {str(entry.arg): ast.literal_eval(entry.value) for entry in call.keywords}
    assert Disturbance(*arguments, **named) == disturbance


@given(st.lists(DISTURBANCES, max_size=5))
def test_disturbances_are_kept_in_the_order_of_time(disturbances: list[Disturbance]) -> None:
    scenario = production.plus(*disturbances)
    assert sorted(scenario.disturbances) == list(scenario.disturbances)
    assert len(scenario.disturbances) == len(disturbances)
    assert (scenario.name, scenario.operator) == (production.name, production.operator)


def test_a_file_may_say_little(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text('[[disturbances]]\nat = 3\nkind = "plc_stop"')
    assert scenario_of(str(path)) == Scenario("night", (Disturbance(3.0, "plc_stop"),), Attendance.STARTS)
    path.write_text("")
    assert scenario_of(str(path)) == Scenario("night")


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_shipped_ones_have_names(name: str) -> None:
    assert scenario_of(name) is SCENARIOS[name]


def test_a_disturbance_says_what_is_done_and_when() -> None:
    texts = {
        Disturbance(1.0, "press", "panel.stop"): "at 1.000 s: the operator presses panel.stop, for 0.2 s",
        Disturbance(1.0, "stuck", "eye.blocked", 2.0, 1.0): "at 1.000 s: eye.blocked is stuck at 1, for 2 s",
        Disturbance(0.5, "robot_alarm", "robot", after="pick LOWERING 2"): (
            "0.500 s after pick LOWERING 2:"
            " the robot robot raises an alarm that cannot be acknowledged, for 0.2 s"
        ),
    }
    assert {disturbance: str(disturbance) for disturbance in texts} == texts


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "opne"}, "no kind 'opne'; did you mean 'open'"),
    ({"at": -1.0}, "disturbance open: at: wanted 0 s or more, got -1.0"),
    ({"duration": -0.1}, "disturbance open: duration: wanted 0 s or more, got -0.1"),
    ({"at": math.inf}, "disturbance open: at: wanted 0 s or more, got inf"),
    ({"value": 1.0}, "disturbance open: value: wanted none, got 1.0"),
    ({"value": math.nan}, "disturbance open: value: wanted none, got nan"),
    *(
        (
            {"kind": kind, "value": value},
            f"disturbance {kind}: value: wanted {KINDS[kind].value}, got {value}",
        )
        for kind, values in {
            "stuck": (2.0, -1.0, 0.5, math.nan),
            "late": (-0.1, math.inf, math.nan),
            "robot_slow": (0.0, -1.0, 1.01, math.nan),
            "controller_power_loss": (2.0, -1.0),
        }.items()
        for value in values
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_disturbance_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        Disturbance(**{"at": 1.0, "kind": "open", "target": "door", **change})
