"""The stack light of PackML 2022: a pure function of the state and four conditions.

Source: the published text of the 2022 report as rendered in open implementations.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from control.packml import State

S = State


class Light(Enum):
    """What one segment shows."""

    OFF = 0
    SOLID = 1
    FLASHING = 2


class StackLight(NamedTuple):
    """All segments, and the horn."""

    red: Light
    amber: Light
    blue: Light
    green: Light
    horn: bool


ABORTED = frozenset({S.ABORTING, S.ABORTED, S.CLEARING})
STOPPED = frozenset({S.STOPPING, S.STOPPED, S.RESETTING, S.COMPLETED})
HELD = frozenset({S.HOLDING, S.HELD})
RESTARTING = frozenset({S.STARTING, S.UNHOLDING, S.UNSUSPENDING})
RUNNING = frozenset({S.EXECUTE, S.STARTING, S.UNHOLDING, S.UNSUSPENDING, S.COMPLETING, S.SUSPENDING})


def stack_light(
    state: State,
    *,
    starved: bool = False,
    blocked: bool = False,
    material_low: bool = False,
    material_exhausted: bool = False,
) -> StackLight:
    """What the stack light shows."""
    red = Light.FLASHING if state in ABORTED else Light.SOLID if state in STOPPED else Light.OFF
    amber = Light.SOLID if blocked else Light.FLASHING if starved else Light.OFF
    exhausted = material_exhausted and state in HELD
    blue = Light.SOLID if exhausted else Light.FLASHING if material_low else Light.OFF
    green = Light.FLASHING if state is S.IDLE else Light.SOLID if state in RUNNING else Light.OFF
    return StackLight(red, amber, blue, green, state in RESTARTING)
