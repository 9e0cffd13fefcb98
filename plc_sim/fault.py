"""Faults of a plant as data: what happens to a signal or a number, when, and for how long."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from control.errors import ConfigurationError, nearest
from control.tag import is_finite
from plc_sim.components.site import Word
from plc_sim.kernel.draw import ns, stream_key
from plc_sim.kernel.fault_row import FaultRow, Sort
from plc_sim.kernel.header import NEVER, Header, name_hash
from plc_sim.kernel.layout import refuse
from plc_sim.kernel.row import Kind

if TYPE_CHECKING:
    from plc_sim.components.site import Site

AIR = "air"
"""The target that stands for the compressed air of the whole plant."""


class Meaning(NamedTuple):
    """One kind of fault: its sort in the kernel, what `value` is, whether a value is one, and the kind of
    disturbance that it counts as for properties.
    """

    sort: Sort
    value: str
    fits: Callable[[float], bool]
    counts_as: str


def a_time(value: float) -> bool:
    """For a time span in s."""
    return 0.0 < value <= 1e6


KINDS: Mapping[str, Meaning] = {
    "stuck": Meaning(Sort.STUCK, "0 or 1", lambda value: value in (0, 1), "stuck"),
    "late": Meaning(Sort.LATE, "the delay, above 0 s", a_time, "late"),
    "bounce": Meaning(Sort.BOUNCE, "the time to settle, above 0 s", a_time, "stuck"),
    "intermittent": Meaning(Sort.INTERMITTENT, "the mean time between changes, above 0 s", a_time, "stuck"),
    "set": Meaning(Sort.SET, "what the number becomes", math.isfinite, "late"),
    "scale": Meaning(Sort.SCALE, "a factor", math.isfinite, "late"),
    "add": Meaning(Sort.ADD, "what is added", math.isfinite, "late"),
}
"""The first four are done to a digital signal, the others to a number that may change while running."""


@dataclass(frozen=True)
class Fault:
    """A fault that the kernel carries out, without the host.

    `target` is a digital signal ("stop_eye.blocked"), or for "set", "scale" and "add" a live parameter
    ("stopper.extend_time", s as s; "stopper.jammed") or "air". It begins `delay` s after its trigger, which
    is the start of time or the `nth` edge of the signal `when` (rising, or falling), and lasts `duration` s.
    Several may last on one target: a signal passes through them, and a number is reckoned by them, in the
    order they are given; when one ends the others stay.
    """

    kind: str
    target: str
    value: float = 0.0
    duration: float = 1.0
    delay: float = 0.0
    when: str = ""
    rising: bool = True
    nth: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigurationError(f"fault: no kind {self.kind!r}; {nearest(self.kind, KINDS)}")
        meaning = KINDS[self.kind]
        checks: Iterable[tuple[str, str, bool]] = (
            ("value", meaning.value, is_finite(self.value) and meaning.fits(self.value)),
            ("duration", "0 s or more", is_finite(self.duration) and 0.0 <= self.duration <= 1e9),
            ("delay", "0 s or more", is_finite(self.delay) and 0.0 <= self.delay <= 1e9),
            ("nth", "a whole number from 1", isinstance(self.nth, int) and self.nth >= 1),
        )
        for name, wanted, good in checks:
            if not good:
                where, got = f"fault {self.kind} of {self.target}: {name}", getattr(self, name)
                raise ConfigurationError(f"{where}: wanted {wanted}, got {got!r}")


def lay_faults(site: Site, faults: Iterable[Fault]) -> None:
    """Add a row per fault; after all components. ConfigurationError for a target that cannot be."""
    chains: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for number, fault in enumerate(faults):
        name = f"fault_{number}"
        chains.setdefault(fault.target, []).append((name, _row(site, fault, name)))
    for chain in chains.values():
        for position, (name, values) in enumerate(chain):
            later = chain[position + 1][0] if position + 1 < len(chain) else ""
            values["LEAD"] = Word(site, chain[0][0], 0)
            if later:
                values["FOLLOWING"] = Word(site, later, 0)
            first = values["BEGIN_AT"]
            listens = [values["WHEN"]] if values["WHEN"] else []
            site.layout.component(name, FaultRow, values, first=first, listens=listens)
        if chain[0][1]["TARGET"]:
            site.layout.signals[chain[0][1]["TARGET"]].fault = chain[0][0]


def _row(site: Site, fault: Fault, name: str) -> dict[str, Any]:
    sort, signals = KINDS[fault.kind].sort, site.layout.signals
    for signal in (fault.when, *([fault.target] if sort < Sort.SET else [])):
        if signal and signal not in signals:
            raise ConfigurationError(f"fault {fault.kind}: no signal {signal!r}; {nearest(signal, signals)}")
    values: dict[str, Any] = {
        "SORT": int(sort),
        "VALUE": float(fault.value),
        "LASTING": fault.duration,
        "DELAY": fault.delay,
        "WHEN": fault.when or None,
        "WHEN_SEEN": signals[fault.when].initial if fault.when else 0,
        "RISING": int(fault.rising),
        "NTH": fault.nth,
        "TARGET": fault.target if sort < Sort.SET else None,
        "SELF": name,
        "KEY": stream_key(site.layout.seed, site.layout.scenario, name_hash(name)),
        "BEGIN_AT": NEVER if fault.when else site.start + ns(fault.delay),
    }
    if sort < Sort.SET:
        initial = signals[fault.target].initial
        return values | {"IN": initial, "OUT": initial, "OWNER": None}
    return values | _number(site, fault)


def _number(site: Site, fault: Fault) -> dict[str, Any]:
    """The fields that say which number a fault is done to."""
    if fault.target == AIR:
        word = Word(site, "", Header.fields["AIR"])
        return {"WORD": word, "OWNER": None, "REAL": 1}
    component, _, key = fault.target.rpartition(".")
    row = site.layout.components[component].row if component in site.layout.components else None
    live = {
        name.lower(): field for name, field in (row.fields.items() if row else ()) if field.declaration.live
    }
    if key not in live:
        known: Iterable[str] = live or site.layout.components
        hint = nearest(key if live else component, known)
        raise ConfigurationError(f"fault {fault.kind}: no live parameter {fault.target!r}; {hint}")
    declaration, value = live[key].declaration, fault.value
    low, high = declaration.low, declaration.high
    if fault.kind == "set" and ((low is not None and value < low) or (high is not None and value > high)):
        wanted = f"{'any' if low is None else f'{low:g}'} to {'any' if high is None else f'{high:g}'}"
        where = f"fault set of {fault.target}: value"
        raise ConfigurationError(str(refuse(where, declaration, wanted, value)))
    duration = declaration.kind is Kind.DURATION
    strength = value * 1e9 if duration and fault.kind != "scale" else value
    return {
        "WORD": Word(site, component, live[key]),
        "OWNER": component,
        "REAL": int(declaration.kind is Kind.REAL),
        "VALUE": float(strength),
    }
