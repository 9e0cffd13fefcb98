"""The simulated PLC: its scans, RUN and STOP, supervision of the controller's life, fail-safe outputs.

A scan takes place only at grid instants at which something may have changed. It has two halves: inputs become
the memory; then, after the program (Python, run by the host between two calls of `advance`) if it is asked
for, outputs become signals.
"""

from __future__ import annotations

import numpy as np

from plc_sim.kernel.compilation import Reals, Words, kernel, octets
from plc_sim.kernel.header import NEVER, Cause, Header
from plc_sim.kernel.link import wake
from plc_sim.kernel.memory import keep, note_watched, refresh
from plc_sim.kernel.plc_rows import AnalogueRow, OutputRow, PlcRow, SetpointRow
from plc_sim.kernel.schedule import poke, schedule
from plc_sim.kernel.signals import drive, grid_before, grid_from, poke_plc, seen


@kernel
def plc_step(I: Words, F: Reals, c: int, p: int, t: int) -> None:
    """One half of a scan, or both when no program runs."""
    schedule(I, c, NEVER)
    if I[p + PlcRow.WAITING] == 0:
        I[p + PlcRow.LAST] = t
        keep(I, F, t)
        if I[p + PlcRow.RUN] != I[p + PlcRow.RUNNING]:
            _switch(I, F, p, t)
        if I[p + PlcRow.RUNNING] == 0:
            return
        _supervise(I, p, t)
        _read_inputs(I, F, p, t)
        if I[p + PlcRow.PROGRAM] and _calls_program(I, p, t):
            refresh(I, F, t)
            I[p + PlcRow.WAITING] = 1
            I[p + PlcRow.PROGRAM_DUE] = NEVER
            I[p + PlcRow.CALLED] = 0
            I[Header.STOP] |= Cause.PROGRAM
            schedule(I, c, t)
            return
    I[p + PlcRow.WAITING] = 0
    _note_changes(I, p, t)
    if I[p + PlcRow.DIRTY]:
        _write_outputs(I, F, p, t)
    _plan(I, F, c, p, t)


@kernel
def _switch(I: Words, F: Reals, p: int, t: int) -> None:
    if I[p + PlcRow.RUN]:
        _cold_start(I, p, t)
    else:
        refresh(I, F, grid_before(I, p, t))
        I[p + PlcRow.RUNNING] = 0
        I[p + PlcRow.STOPPED] = t
        drive(I, I[p + PlcRow.RUNNING_OUT], 0, t)
        _write_outputs(I, F, p, t)


@kernel
def _cold_start(I: Words, p: int, t: int) -> None:
    I[p + PlcRow.RUNNING] = 1
    I[p + PlcRow.STARTS] += 1
    I[p + PlcRow.STARTED] = t
    I[p + PlcRow.TRIPPED] = 1
    I[p + PlcRow.ALIVE_SEEN] = 0
    I[p + PlcRow.RESET_SEEN] = 1
    I[p + PlcRow.DIRTY] = 1
    if I[p + PlcRow.PROGRAM]:
        I[p + PlcRow.PROGRAM_DUE] = t
    for w in range(I[p + PlcRow.WORDS]):
        I[I[p + PlcRow.MEMORY] + w] = I[I[p + PlcRow.INITIAL] + w]
    a = I[p + PlcRow.ANALOGUES]
    for _ in range(I[p + PlcRow.ANALOGUE_COUNT]):
        I[a + AnalogueRow.EVALUATED] = t - 1
        a += AnalogueRow.SIZE
    drive(I, I[p + PlcRow.RUNNING_OUT], 1, t)


@kernel
def _supervise(I: Words, p: int, t: int) -> None:
    alive = I[p + PlcRow.ALIVE]
    if alive == 0 and t - I[p + PlcRow.LAST_BEAT] > I[p + PlcRow.LIFE_TIMEOUT]:
        _latch(I, p, 1)
    if I[p + PlcRow.RESET] == 0:
        if alive:
            _latch(I, p, 0)
    else:
        reset = seen(I, I[p + PlcRow.RESET])
        if reset and I[p + PlcRow.RESET_SEEN] == 0 and alive and I[p + PlcRow.ALIVE_SEEN]:
            _latch(I, p, 0)
        I[p + PlcRow.RESET_SEEN] = reset
    I[p + PlcRow.ALIVE_SEEN] = alive
    drive(I, I[p + PlcRow.TRIPPED_OUT], I[p + PlcRow.TRIPPED], t)


@kernel
def _latch(I: Words, p: int, tripped: int) -> None:
    if I[p + PlcRow.TRIPPED] != tripped:
        I[p + PlcRow.TRIPPED] = tripped
        I[p + PlcRow.DIRTY] = 1


@kernel
def _read_inputs(I: Words, F: Reals, p: int, t: int) -> None:
    memory = I[p + PlcRow.MEMORY]
    pending = I[p + PlcRow.PENDING]
    mask = I[p + PlcRow.INPUT_MASK]
    for w in range(I[p + PlcRow.WORDS]):
        I[memory + w] = (I[memory + w] & ~I[mask + w]) | I[pending + w]
    a = I[p + PlcRow.ANALOGUES]
    for _ in range(I[p + PlcRow.ANALOGUE_COUNT]):
        if I[a + AnalogueRow.WATCHED]:
            refresh(I, F, t)
        a += AnalogueRow.SIZE


@kernel
def _calls_program(I: Words, p: int, t: int) -> bool:
    if t >= I[p + PlcRow.PROGRAM_DUE] or I[p + PlcRow.CALLED]:
        return True
    memory = I[p + PlcRow.MEMORY]
    shadow = I[p + PlcRow.SHADOW]
    watch = I[p + PlcRow.PROGRAM_WATCH]
    for w in range(I[p + PlcRow.WORDS]):
        if (I[memory + w] ^ I[shadow + w]) & I[watch + w] != 0:
            return True
    return False


@kernel
def _note_changes(I: Words, p: int, t: int) -> None:
    memory = I[p + PlcRow.MEMORY]
    shadow = I[p + PlcRow.SHADOW]
    watch = I[p + PlcRow.WATCH]
    outputs = I[p + PlcRow.OUTPUT_MASK]
    read_words = I[p + PlcRow.READ_WORDS]
    watched = 0
    dirty = 0
    for w in range(I[p + PlcRow.WORDS]):
        difference = I[memory + w] ^ I[shadow + w]
        if difference != 0:
            I[shadow + w] = I[memory + w]
            dirty |= difference & I[outputs + w]
            if w < read_words:
                watched |= difference & I[watch + w]
    if dirty != 0:
        I[p + PlcRow.DIRTY] = 1
    if watched != 0:
        wake(I, t)


@kernel
def _setpoint(I: Words, F: Reals, r: int) -> float:
    """What a number in the memory says."""
    B = octets(I)
    first = 8 * I[I[Header.PLC] + PlcRow.MEMORY] + I[r + SetpointRow.BYTE]
    size = I[r + SetpointRow.OCTETS]
    raw = 0
    for k in range(first, first + size):
        raw = raw << 8 | int(B[k])
    if size < 8 and (I[r + SetpointRow.SIGNED] or I[r + SetpointRow.FLOATING]) and raw >> 8 * size - 1:
        raw -= 1 << 8 * size
    if I[r + SetpointRow.FLOATING] == 0:
        return F[r + SetpointRow.LOW] + (raw - F[r + SetpointRow.RAW_LOW]) / F[r + SetpointRow.SCALE]
    if size == 4:
        return float(np.int32(raw).view(np.float32))
    return float(np.int64(raw).view(np.float64))


@kernel
def _write_setpoints(I: Words, F: Reals, p: int, t: int) -> None:
    off = I[p + PlcRow.RUNNING] == 0 or I[p + PlcRow.TRIPPED]
    r = I[p + PlcRow.SETPOINTS]
    for _ in range(I[p + PlcRow.SETPOINT_COUNT]):
        value = F[r + SetpointRow.SAFE] if off else _setpoint(I, F, r)
        word = I[r + SetpointRow.TARGET]
        if F[word] != value:
            F[word] = value
            poke(I, I[r + SetpointRow.OWNER], t)
        r += SetpointRow.SIZE


@kernel
def _write_outputs(I: Words, F: Reals, p: int, t: int) -> None:
    I[p + PlcRow.DIRTY] = 0
    _write_setpoints(I, F, p, t)
    memory = I[p + PlcRow.MEMORY]
    stopped = I[p + PlcRow.RUNNING] == 0
    tripped = I[p + PlcRow.TRIPPED]
    r = I[p + PlcRow.OUTPUTS]
    for _ in range(I[p + PlcRow.OUTPUT_COUNT]):
        if stopped or (tripped and I[r + OutputRow.FAILSAFE]):
            drive(I, I[r + OutputRow.TARGET], I[r + OutputRow.SAFE], t)
        elif I[memory + I[r + OutputRow.WORD]] & I[r + OutputRow.MASK] != 0:
            drive(I, I[r + OutputRow.TARGET], 1, t)
        else:
            drive(I, I[r + OutputRow.TARGET], 0, t)
        r += OutputRow.SIZE


@kernel
def _plan(I: Words, F: Reals, c: int, p: int, t: int) -> None:
    moving = I[p + PlcRow.ANALOGUE_COUNT] > 0 and note_watched(I, F)
    if moving or I[p + PlcRow.RUN] != I[p + PlcRow.RUNNING]:
        poke_plc(I, t + 1)
    if I[p + PlcRow.PROGRAM_DUE] < NEVER:
        poke_plc(I, max(I[p + PlcRow.PROGRAM_DUE], t + 1))
    if I[p + PlcRow.ALIVE] == 0 and I[p + PlcRow.TRIPPED] == 0:
        poke_plc(I, I[p + PlcRow.LAST_BEAT] + I[p + PlcRow.LIFE_TIMEOUT] + 1)


@kernel
def plan_run(I: Words, t: int) -> None:
    """The mode switch was turned at `t` (ns): the PLC follows at the next instant of its grid."""
    instant = grid_from(I, I[Header.PLC], max(t, I[Header.DONE] + 1))
    if instant < I[I[Header.NEXT] + I[Header.PLC_INDEX]]:
        schedule(I, I[Header.PLC_INDEX], instant)
