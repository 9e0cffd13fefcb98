"""Scenarios: what happens to a cell, as data: operator actions and faults, each a timed `Disturbance`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from control.errors import ConfigurationError, nearest
from control.schema import Strict, validate
from control.shared import Shared
from plc_sim.fault import Fault


def none(value: float) -> bool:
    """For a kind that takes no value."""
    return value == 0


def not_negative(value: float) -> bool:
    """For a time."""
    return value >= 0


def share(value: float) -> bool:
    """For a share."""
    return 0 <= value <= 1


def either(value: float) -> bool:
    """For a kind of two sorts."""
    return value in (0, 1)


class Kind(NamedTuple):
    """One kind of disturbance: what its target names, which `value` it wants, what is done in words, and
    whether a value is one it wants.
    """

    target: str
    value: str
    text: str
    fits: Callable[[float], bool] = none


def between(low: float, high: float) -> Callable[[float], bool]:
    """For a number of a range."""
    return lambda value: low <= value <= high


CONNECTION: Mapping[str, Kind] = {
    "latency": Kind("s7", "0 to 60 s", "every answer of {target} comes {value:g} s late", between(0, 60)),
    "jitter": Kind("s7", "0 to 60 s", "answers of {target} come up to {value:g} s late", between(0, 60)),
    "lost": Kind("s7", "a share from 0 to 1", "{value:g} of the answers of {target} are lost", share),
    "wrong_number": Kind(
        "s7", "a share from 0 to 1", "{value:g} of the answers of {target} bear another job's number", share
    ),
    "item_error": Kind(
        "s7", "a share from 0 to 1", "{value:g} of the answers of {target} refuse an item", share
    ),
    "half_open": Kind("s7", "", "{target} takes requests and says nothing"),
    "split": Kind(
        "s7", "1 to 65536 bytes", "answers of {target} come in pieces of {value:g} bytes", between(1, 65536)
    ),
    "merge": Kind(
        "s7", "2 to 64 answers", "{target} holds answers until {value:g} go out at once", between(2, 64)
    ),
    "pdu": Kind("s7", "240 to 960 bytes", "{target} grants at most {value:g} bytes", between(240, 960)),
    "slots": Kind("s7", "0 to 64 clients", "{target} admits {value:g} clients", between(0, 64)),
}
"""What can be wrong with the connections of a PLC: value, words, and whether a value is one."""

KINDS: Mapping[str, Kind] = {
    "press": Kind("button", "", "the operator presses {target}"),
    "open": Kind("door", "", "the guard door {target} is opened"),
    "stuck": Kind("sensor", "0 or 1", "{target} is stuck at {value:g}", either),
    "wire_broken": Kind("actuator", "", "{target} gets no signal"),
    "late": Kind("delay", "0 s or more", "{target} becomes {value:g} s", not_negative),
    "jammed": Kind("drive", "", "the drive {target} stands still"),
    "half_stroke": Kind(
        "cylinder", "a share from 0 to 1", "the cylinder {target} gets no further than {value:g}", share
    ),
    "leak": Kind(
        "gripper", "a share from 0 to 1", "the gripper {target} loses {value:g} of its vacuum", share
    ),
    "grip_lost": Kind("gripper", "", "the gripper {target} holds no part"),
    "air_low": Kind(
        "air", "a share from 0 to 1", "the compressed air falls to {value:g} of its pressure", share
    ),
    "plc_stop": Kind("plc", "", "the PLC goes to STOP"),
    "link_lost": Kind("link", "", "the link {target} is lost"),
    **{f"s7_{name}": kind for name, kind in CONNECTION.items()},
    "program_silent": Kind("program", "", "the PLC's program changes none of its answers"),
    "robot_alarm": Kind("robot", "", "the robot {target} raises an alarm that cannot be acknowledged"),
    "robot_silent": Kind("robot", "", "the robot {target} hears and answers nothing"),
    "robot_slow": Kind(
        "robot",
        "a share above 0 and up to 1",
        "the robot {target} is turned down to {value:g} of its speed",
        lambda value: 0 < value <= 1,
    ),
    "controller_power_loss": Kind(
        "cell", "0 (before commit) or 1 (after it)", "the controller loses power", either
    ),
    "cell_power_loss": Kind("cell", "", "the whole cell loses power and air"),
}


WIRED = frozenset(name for name, kind in KINDS.items() if kind.target == "s7")
"""The kinds for which the PLC is met by S7 frames."""


@dataclass(frozen=True, order=True)
class Disturbance:
    """Something that is done to the cell from `at` s on, for `duration` s.

    `at` counts from the start of virtual time, or from the trace entry `after`: "pick LOWERING" is the first
    time the sequence pick reaches that step, "pick LOWERING 3" the third.
    """

    at: float
    kind: str
    target: str = ""
    duration: float = 0.2
    value: float = 0.0
    after: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigurationError(f"disturbance: no kind {self.kind!r}; {nearest(self.kind, KINDS)}")
        kind, time = KINDS[self.kind], ("0 s or more", not_negative)
        wanted = {"at": time, "duration": time, "value": (kind.value or "none", kind.fits)}
        for name, (text, fits) in wanted.items():
            number = getattr(self, name)
            if not (math.isfinite(number) and fits(number)):
                raise ConfigurationError(f"disturbance {self.kind}: {name}: wanted {text}, got {number!r}")

    @property
    def what(self) -> str:
        """What is done, in words."""
        return KINDS[self.kind].text.format(target=self.target, value=self.value)

    def __str__(self) -> str:
        when = f"{self.at:.3f} s after {self.after}" if self.after else f"at {self.at:.3f} s"
        return f"{when}: {self.what}, for {self.duration:g} s"

    def call(self) -> str:
        """The Python expression that makes it."""
        given = {"target": self.target, "duration": self.duration, "value": self.value, "after": self.after}
        defaults = {"target": "", "duration": 0.2, "value": 0.0, "after": ""}
        extras = "".join(f", {name}={value!r}" for name, value in given.items() if value != defaults[name])
        return f"Disturbance({self.at!r}, {self.kind!r}{extras})"


Entry = TypeVar("Entry", Disturbance, Fault)


class Attendance(Enum):
    """What the person at the panel does of himself."""

    NONE = "nothing"
    STARTS = "what the panel's lamps ask for, until the cell runs"
    RECOVERS = "in every waiting state the command that leads on"
    RETURNS = "the commands that lead back to IDLE, and no further"


@dataclass(frozen=True)
class Scenario:
    """A named list of disturbances, and who is at the panel."""

    name: str
    disturbances: tuple[Disturbance, ...] = ()
    operator: Attendance = Attendance.STARTS
    faults: tuple[Fault, ...] = ()
    """Carried out by the kernel."""

    def plus(self, *disturbances: Disturbance) -> Scenario:
        """The scenario with more disturbances."""
        return replace(self, disturbances=tuple(sorted((*self.disturbances, *disturbances))))


production = Scenario("production")
"""The operator confirms if asked, resets and starts; then the cell runs."""

quiet = Scenario("quiet", operator=Attendance.NONE)
"""Nobody touches anything."""

SCENARIOS = {scenario.name: scenario for scenario in (production, quiet)}


def wired(scenario: Scenario) -> bool:
    """Whether a scenario needs S7 frames: something is wrong with the PLC's connections in it."""
    return any(disturbance.kind in WIRED for disturbance in scenario.disturbances)


def without_frames(kind: str) -> ConfigurationError:
    """The error for a disturbance of connections that a running twin does not have."""
    return ConfigurationError(
        f"disturbance {kind}: wanted a twin that exchanges S7 frames: one that is served, or whose scenario"
        " names such a disturbance from the start"
    )


class Operator(Shared):
    """A person at the panel: presses a button `delay` s after the lamp that asks for it has lit up, one
    button at a time.

    `asks` maps lamps (any signals of the plant) to buttons.
    """

    def __init__(self, asks: Mapping[Any, Any], *, delay: float = 0.7) -> None:
        self._asks = dict(asks)
        self.delay = delay

    @property
    def asks(self) -> dict[str, str]:
        """The buttons by the lamps that ask for them, by name."""
        return {lamp.path: button.path for lamp, button in self._asks.items()}


class DisturbanceTable(Strict):
    """One of [[disturbances]]: the fields of `Disturbance`."""

    at: float
    kind: str
    target: str = ""
    duration: float = 0.2
    value: float = 0.0
    after: str = ""


class FaultTable(Strict):
    """One of [[faults]]: the fields of `Fault`."""

    kind: str
    target: str
    value: float = 0.0
    duration: float = 1.0
    delay: float = 0.0
    when: str = ""
    rising: bool = True
    nth: int = 1


class ScenarioToml(Strict):
    """A scenario's file. `operator` is an `Attendance` in lower case."""

    name: str
    operator: str = Attendance.STARTS.name.lower()
    disturbances: list[DisturbanceTable] = []
    faults: list[FaultTable] = []


def from_data(data: Any, where: str) -> Scenario:
    """A scenario of a TOML or JSON file: name, operator, lists of disturbances and of kernel faults."""
    toml: ScenarioToml = validate(ScenarioToml, data, where)
    known = [attendance.name.lower() for attendance in Attendance]
    if toml.operator not in known:
        raise ConfigurationError(f"{where}: operator: no {toml.operator!r}; {nearest(toml.operator, known)}")
    entries = [
        one_from(Disturbance, table, f"{where}: disturbances.{n}")
        for n, table in enumerate(toml.disturbances)
    ]
    faults = tuple(one_from(Fault, table, f"{where}: faults.{n}") for n, table in enumerate(toml.faults))
    return Scenario(toml.name, tuple(sorted(entries)), Attendance[toml.operator.upper()], faults)


def one_from(kind: type[Entry], table: Strict, where: str) -> Entry:
    """One disturbance or fault of a file."""
    try:
        return kind(**table.model_dump())
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None
