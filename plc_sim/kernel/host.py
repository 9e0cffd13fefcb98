"""What the host does to a block between two calls of `advance`; `t` is the instant reached, in ns.

Signals are given by the offset of their row, components by their number. What is done at an instant comes
after every event of that instant, the PLC's scan included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from plc_sim.kernel.arm import (
    ArmRow,
    Refusal,
    begin_joint_move,
    begin_linear_move,
    change_override,
    end_move,
    joints_at,
)
from plc_sim.kernel.compilation import entry, reals, words
from plc_sim.kernel.draw import u01
from plc_sim.kernel.exchange import exchange_access, exchange_arrival, exchange_start, scan_at
from plc_sim.kernel.header import Header
from plc_sim.kernel.kinematics import forward, nearest_inverse
from plc_sim.kernel.link import switch_link
from plc_sim.kernel.memory import keep, refresh, source_value
from plc_sim.kernel.plc import plan_run
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.kernel.rotation import Joints, angles_of, rotation_of
from plc_sim.kernel.schedule import poke, poke_all, row_of
from plc_sim.kernel.signals import drive, force_signal, grid_before, poke_plc


@entry
def set_signal(W: np.ndarray, s: int, value: int, t: int) -> None:
    """Drive a signal that nobody in the plant drives: a button, a coil without a PLC."""
    drive(words(W), s, value, t)


@entry
def force(W: np.ndarray, s: int, value: int, t: int) -> None:
    """Let a signal show `value`, 0 or 1, whatever drives it; -1 ends that."""
    force_signal(words(W), s, value, t)


@entry
def set_field(W: np.ndarray, c: int, word: int, value: float, t: int) -> None:
    """Set a float64 field and let its component look at it."""
    I = words(W)
    F = reals(W)
    F[word] = value
    poke(I, c, t)


@entry
def set_word(W: np.ndarray, c: int, word: int, value: int, t: int) -> None:
    """Set an int64 field (durations in ns) and let its component look at it."""
    I = words(W)
    I[word] = value
    poke(I, c, t)


@entry
def set_air(W: np.ndarray, share: float, t: int) -> None:
    """Set the pressure of the compressed air, as a share of the usual one; everybody follows."""
    I = words(W)
    F = reals(W)
    F[Header.AIR] = share
    poke_all(I, t)


@entry
def set_life(W: np.ndarray, alive: int, last_beat: int, t: int) -> None:
    """The controller's life word counts from now on, or last changed at `last_beat` (ns)."""
    I = words(W)
    p = I[Header.PLC]
    I[p + PlcRow.ALIVE] = alive
    I[p + PlcRow.LAST_BEAT] = last_beat
    poke_plc(I, t if alive else max(t, last_beat + I[p + PlcRow.LIFE_TIMEOUT] + 1))


@entry
def set_run(W: np.ndarray, run: int, t: int) -> None:
    """Turn the PLC's mode switch to RUN (1) or STOP (0)."""
    I = words(W)
    I[I[Header.PLC] + PlcRow.RUN] = run
    plan_run(I, t)


@entry
def set_link(W: np.ndarray, on: int, t: int) -> None:
    """Let the link's exchanges take place (1), or not (0)."""
    switch_link(words(W), reals(W), on, t)


@entry
def draw(key: int, number: int) -> float:
    """Draw `number` of a stream, between 0 and 1."""
    return u01(key, number)


@entry
def refresh_memory(W: np.ndarray, t: int) -> None:
    """Let the PLC's memory show its analogue values of the last scan instant up to `t`."""
    I = words(W)
    keep(I, reals(W), t + 1)
    refresh(I, reals(W), grid_before(I, I[Header.PLC], t + 1))


@entry
def analogue(W: np.ndarray, c: int, value: int, t: int) -> float:
    """Analogue value `value` of component `c`, in the order of their declaration, at `t`, not before its
    present motion.
    """
    return source_value(words(W), reals(W), c, value, t)


@entry
def memory_written(W: np.ndarray, t: int) -> None:
    """The host wrote into the PLC's memory, as a program or another client does."""
    poke_plc(words(W), t)


@entry
def exchange(W: np.ndarray, k: int) -> tuple[int, int, int]:
    """Start, access and arrival (ns) of exchange `k`."""
    I = words(W)
    n = I[Header.LINK]
    return exchange_start(I, n, k), exchange_access(I, n, k), exchange_arrival(I, n, k)


@entry
def scan_instant(W: np.ndarray, j: int) -> int:
    """Instant (ns) of the controller's scan `j`."""
    I = words(W)
    return scan_at(I, I[Header.LINK], j)


def _six(values: Iterable[float]) -> Joints:
    return tuple(map(float, values))


def start_joint_move(W: np.ndarray, arm: int, target: Iterable[float], speed: float, t: int) -> Refusal:
    """Start a synchronised move to joints `target` (rad), `speed` a share of the joint speeds; a Refusal."""
    return _start_joint_move(W, arm, _six(target), float(speed), t)


@entry
def _start_joint_move(W: np.ndarray, arm: int, target: Joints, speed: float, t: int) -> Refusal:
    I = words(W)
    return begin_joint_move(I, reals(W), arm, row_of(I, arm), target, speed, t)


def start_linear_move(W: np.ndarray, arm: int, pose: Iterable[float], speed: float, t: int) -> Refusal:
    """Start a straight move to a pose (x, y, z in m; a, b, c in degrees) at the share `speed`; a Refusal."""
    return _start_linear_move(W, arm, _six(pose), float(speed), t)


@entry
def _start_linear_move(W: np.ndarray, arm: int, pose: Joints, speed: float, t: int) -> Refusal:
    I = words(W)
    d = math.pi / 180.0
    rad = (pose[0], pose[1], pose[2], pose[3] * d, pose[4] * d, pose[5] * d)
    return begin_linear_move(I, reals(W), arm, row_of(I, arm), rad, speed, t)


@entry
def stop_move(W: np.ndarray, arm: int, t: int) -> None:
    """Brake the present move along its path."""
    I = words(W)
    end_move(I, reals(W), arm, row_of(I, arm), t)


def set_override(W: np.ndarray, arm: int, override: float, t: int) -> None:
    """Run at the share `override`, above 0 and up to 1, of the ordered speeds."""
    _set_override(W, arm, float(override), t)


@entry
def _set_override(W: np.ndarray, arm: int, override: float, t: int) -> None:
    I = words(W)
    change_override(I, reals(W), arm, row_of(I, arm), override, t)


@entry
def position(W: np.ndarray, arm: int, t: int) -> tuple[Joints, Joints]:
    """Joints (rad) and pose (x, y, z in m; a, b, c in degrees) at `t`, not before the present move."""
    I = words(W)
    F = reals(W)
    o = row_of(I, arm)
    q = joints_at(I, F, o, t)
    x, y, z, r = forward(I, F, I[o + ArmRow.GEOMETRY], q)
    a, b, c = angles_of(r)
    d = 180.0 / math.pi
    return q, (x, y, z, a * d, b * d, c * d)


def solve(W: np.ndarray, arm: int, pose: Iterable[float], near: Iterable[float]) -> tuple[int, Joints]:
    """Branch (-1: out of reach) and joints (rad) within the limits, nearest to `near`, that reach a pose."""
    return _solve(W, arm, _six(pose), _six(near))


@entry
def _solve(W: np.ndarray, arm: int, pose: Joints, near: Joints) -> tuple[int, Joints]:
    I = words(W)
    d = math.pi / 180.0
    r = rotation_of(pose[3] * d, pose[4] * d, pose[5] * d)
    g = I[row_of(I, arm) + ArmRow.GEOMETRY]
    return nearest_inverse(I, reals(W), g, pose[0], pose[1], pose[2], r, near)
