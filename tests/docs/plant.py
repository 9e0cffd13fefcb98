"""The tables of the plant's components and of the robot's protocol, made from the code."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import plc_sim
from control.exchange import Kind, Line, Verb
from control.melfa import RUN_BITS, STOP_BITS, VERBS, MelfaSession
from control.robot import Pose
from plc_sim.components.component import Analogue, Component, Driver, Setpoint, Signal
from plc_sim.kernel.row import Declaration
from plc_sim.kernel.row import Kind as RowKind
from plc_sim.melfa import Error
from tests.docs.markdown import code, sentence, table

UNITS = {
    "Metre": "m",
    "Second": "s",
    "Radian": "rad",
    "MetrePerSecond": "m/s",
    "MetrePerSecond2": "m/s2",
    "RadianPerSecond": "rad/s",
    "RadianPerSecond2": "rad/s2",
    "Share": "0 to 1",
}


def components() -> str:
    """Every component that `plc_sim` exports."""
    kinds = (getattr(plc_sim, name) for name in plc_sim.__all__)
    found = [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, Component)]
    return "\n".join(component(kind) for kind in found if kind is not Component)


def component(kind: type[Component]) -> str:
    """One component: what it is, its parameters, its signals and values."""
    parts = [f"### {kind.__name__}\n\n{sentence(kind.__doc__)}\n"]
    if rows := list(parameters(kind)):
        parts.append(table(("parameter", "default", "unit", "allowed", "meaning"), rows))
    if rows := list(signals(kind)):
        parts.append(table(("signal", "worked by", "meaning"), rows))
    return "\n".join(parts)


def parameters(kind: type[Component]) -> Iterator[tuple[str, ...]]:
    """What a component is made with."""
    if "__init__" not in {name for parent in kind.__mro__[:-1] for name in vars(parent)}:
        return
    for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
        fields = kind.row.fields if kind.row else {}
        field = fields.get(parameter.name.upper())
        declared = field.declaration if field is not None else None
        unit = next(
            (unit for name, unit in UNITS.items() if re.search(rf"\b{name}\b", str(parameter.annotation))), ""
        )
        told = declared is not None and declared.kind is not RowKind.ROWS
        allowed, doc = (allowed_text(declared), declared.doc) if declared and told else ("", "")
        yield code(parameter.name), default_text(parameter), unit, allowed, doc


def default_text(parameter: inspect.Parameter) -> str:
    """The default of a parameter; (required) without one."""
    if parameter.default is inspect.Parameter.empty:
        return "(required)"
    value = getattr(parameter.default, "name", parameter.default)
    return code(f"{value:.5g}" if isinstance(value, float) else rounded(value))


def rounded(value: object) -> str:
    """A value with its numbers cut to what can be read."""
    return re.sub(r"\d+\.\d{5,}", lambda found: f"{float(found[0]):.5g}", str(value))


def allowed_text(declared: Declaration) -> str:
    """The bounds of a field that say something."""
    words = (
        (declared.above, "more than {:g}"),
        (declared.low, "at least {:g}"),
        (declared.high, "at most {:g}"),
    )
    return ", ".join(text.format(limit) for limit, text in words if limit is not None and abs(limit) < 1e9)


def signals(kind: type[Component]) -> Iterator[tuple[str, str, str]]:
    """What can be mapped to the PLC or worked by an operator."""
    members = {name: member for parent in reversed(kind.__mro__) for name, member in vars(parent).items()}
    for name, member in members.items():
        if isinstance(member, Signal):
            yield code(name), member.driver.value, member.doc
        elif isinstance(member, Analogue):
            unit = f" ({member.unit})" if member.unit else ""
            yield code(name), f"{Driver.COMPONENT.value}, analogue", member.doc + unit
        elif isinstance(member, Setpoint):
            yield code(name), f"{Driver.PLC.value}, setpoint", f"{member.doc} ({member.unit})"


SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "move_axes_absolute": ((0.0, 0.0, math.pi / 2, 0.0, math.pi / 2, 0.0), 0.5),
    "move_direct_absolute": (Pose(0.45, 0.0, 0.1), 0.5),
    "move_linear_absolute": (Pose(0.45, 0.0, 0.1), 0.5),
    "change_speed_override": (0.5,),
    "read_digital_inputs": (16,),
    "write_digital_outputs": (16, 0x00FF),
}
"""Arguments to show a verb's requests with."""


def melfa_verbs() -> str:
    """The requests of every verb, as the driver makes them."""
    session = MelfaSession(Line(12 / 38400), "RV-6S")
    return table(
        ("verb", "requests", "sent again after silence"),
        (
            (code(name), requests(session, name, verb), again(session, name, verb))
            for name, verb in VERBS.items()
        ),
    )


def requests(session: MelfaSession, name: str, verb: Verb) -> str:
    """The frames of a verb."""
    frames = (exchange.data.decode() for exchange in verb.requests(session, *SAMPLES.get(name, ())))
    return ", ".join(code(frame.removesuffix("\r")) for frame in frames)


def again(session: MelfaSession, name: str, verb: Verb) -> str:
    """Whether any request of a verb is a motion."""
    kinds = [exchange.kind for exchange in verb.requests(session, *SAMPLES.get(name, ()))]
    return "all but the last" if Kind.MOTION in kinds else "yes"


def melfa_bits() -> str:
    """The bits of the run and stop bytes that are used."""
    bits = [("run", *bit) for bit in RUN_BITS.items()] + [("stop", *bit) for bit in STOP_BITS.items()]
    return table(
        ("byte", "bit", "meaning"), ((b, f"{mask:02X}", name.replace("_", " ")) for b, name, mask in bits)
    )


def melfa_errors() -> str:
    """The simulator's error numbers."""
    return table(("number", "meaning"), ((int(e), e.name.lower().replace("_", " ")) for e in Error))
