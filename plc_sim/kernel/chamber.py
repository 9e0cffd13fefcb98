"""A pneumatic cylinder with two chambers: the right-hand side of its equations.

States are position (m), speed (m/s) and the absolute pressures (kPa) behind and before the piston. Flow
through the valve is by ISO 6358 with sonic conductance and critical pressure ratio, the gas is isothermal at
reference temperature: p' = (100 kPa C ps f(p/ps) - p V') / V. Friction is viscous and Coulomb's.
"""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import Header
from plc_sim.kernel.ode_row import OdeRow
from plc_sim.kernel.row import Row, real
from plc_sim.kernel.user import heard

REFERENCE = 100.0
"""Pressure at which a conductance is given, in kPa (ISO 6358)."""

LAMINAR = 0.999
"""Pressure ratio above which the flow is taken as linear, since the root's slope has no bound there."""

SLOW = 1e-3
"""Speed (m/s) within which Coulomb's friction turns round."""


class ChamberRow(Row):
    """What the equations need, in the words of an island."""

    BORE = real("area behind the piston", "m2", above=0.0)
    RING = real("area before it", "m2", above=0.0)
    ROD = real("area of the rod", "m2", low=0.0)
    STROKE = real("stroke", "m", above=0.0)
    DEAD = real("length of the dead volumes", "m", above=0.0)
    MASS = real("moved mass", "kg", above=0.0)
    VISCOUS = real("viscous friction", "N s/m", low=0.0)
    COULOMB = real("Coulomb's friction", "N", low=0.0)
    SUPPLY = real("supply pressure, absolute", "kPa", above=0.0)
    AMBIENT = real("pressure around, absolute", "kPa", above=0.0)
    CONDUCTANCE = real("sonic conductance of the inlet", "m3/(s kPa)", above=0.0)
    OUTLET = real("sonic conductance of the outlet", "m3/(s kPa)", above=0.0)
    CRITICAL = real("critical pressure ratio", "1", low=0.0, high=0.9)


@kernel
def flow(conductance: float, critical: float, source: float, sink: float) -> float:
    """Flow (kPa m3/s at reference temperature) from one pressure (kPa) to another; negative if reversed."""
    if sink > source:
        return -flow_down(conductance, critical, sink, source)
    return flow_down(conductance, critical, source, sink)


@kernel
def flow_down(conductance: float, critical: float, source: float, sink: float) -> float:
    """The same from the higher pressure to the lower."""
    ratio = sink / source
    full = REFERENCE * conductance * source
    if ratio <= critical:
        return full
    least = (LAMINAR - critical) / (1.0 - critical)
    if ratio > LAMINAR:
        return full * math.sqrt(1.0 - least * least) * (1.0 - ratio) / (1.0 - LAMINAR)
    share = (ratio - critical) / (1.0 - critical)
    return full * math.sqrt(1.0 - share * share)


@kernel
def chamber_flow(F: Reals, w: int, air: float, opens: int, vents: int, pressure: float) -> float:
    """Flow (kPa m3/s) into a chamber at `pressure` that is supplied, vented or shut off."""
    critical = F[w + ChamberRow.CRITICAL]
    if opens:
        supply = max(F[w + ChamberRow.SUPPLY] * air, F[w + ChamberRow.AMBIENT])
        return flow(F[w + ChamberRow.CONDUCTANCE], critical, supply, pressure)
    if vents:
        return -flow(F[w + ChamberRow.OUTLET], critical, pressure, F[w + ChamberRow.AMBIENT])
    return 0.0


def two_chambers(I: Words, F: Reals, c: int, o: int, t: int) -> int:
    """Derivatives of position, speed and both pressures; the piston is held by its ends."""
    w = I[o + OdeRow.WORDS]
    x, v = F[o + OdeRow.STAGE], F[o + OdeRow.STAGE + 1]
    behind, before = F[o + OdeRow.STAGE + 2], F[o + OdeRow.STAGE + 3]
    out, back = heard(I, o, 0), heard(I, o, 1)
    one, other = out == 1 and back == 0, back == 1 and out == 0
    air = F[Header.AIR]
    bore, ring, dead = F[w + ChamberRow.BORE], F[w + ChamberRow.RING], F[w + ChamberRow.DEAD]
    force = behind * 1e3 * bore - before * 1e3 * ring
    force -= F[w + ChamberRow.AMBIENT] * 1e3 * F[w + ChamberRow.ROD]
    force -= F[w + ChamberRow.VISCOUS] * v
    force -= F[w + ChamberRow.COULOMB] * v / math.sqrt(v * v + SLOW * SLOW)
    acceleration = force / F[w + ChamberRow.MASS]
    held = (x <= 0.0 and v <= 0.0 and acceleration < 0.0) or (
        x >= F[w + ChamberRow.STROKE] and v >= 0.0 and acceleration > 0.0
    )
    if held:
        v, acceleration = 0.0, 0.0
    into = chamber_flow(F, w, air, one, other, behind)
    out_of = chamber_flow(F, w, air, other, one, before)
    F[o + OdeRow.SLOPE] = v
    F[o + OdeRow.SLOPE + 1] = acceleration
    F[o + OdeRow.SLOPE + 2] = (into - behind * bore * v) / (bore * (x + dead))
    F[o + OdeRow.SLOPE + 3] = (out_of + before * ring * v) / (ring * (F[w + ChamberRow.STROKE] - x + dead))
    return 0
