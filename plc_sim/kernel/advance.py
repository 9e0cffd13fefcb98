"""The event loop: one component after the other, in the order of their times."""

from __future__ import annotations

import numba
import numpy as np

from plc_sim.kernel.arm import ArmRow, arm_step
from plc_sim.kernel.axis import axis_step
from plc_sim.kernel.axis_row import AxisRow
from plc_sim.kernel.belt import belt_step
from plc_sim.kernel.belt_row import BeltRow
from plc_sim.kernel.compilation import Reals, Words, entry, kernel, parallel_entry, reals, words
from plc_sim.kernel.contact import ContactRow, contact_step
from plc_sim.kernel.cylinder import cylinder_step
from plc_sim.kernel.cylinder_row import CylinderRow
from plc_sim.kernel.dispenser import DispenserRow, dispenser_step
from plc_sim.kernel.door import DoorRow, door_step
from plc_sim.kernel.eye import EyeRow, eye_step
from plc_sim.kernel.fault import fault_step
from plc_sim.kernel.fault_row import FaultRow
from plc_sim.kernel.feeder import FeederRow, feeder_step
from plc_sim.kernel.hand import HandRow, hand_step
from plc_sim.kernel.header import NEVER, STORM, Cause, ComponentRow, Header
from plc_sim.kernel.inspection import InspectionRow, inspection_step
from plc_sim.kernel.link import link_step, present, replan, take_due, take_put
from plc_sim.kernel.magazine import MagazineRow, magazine_step
from plc_sim.kernel.meter import meter_step
from plc_sim.kernel.meter_row import MeterRow
from plc_sim.kernel.ode import ode_step
from plc_sim.kernel.ode_row import OdeRow
from plc_sim.kernel.pallet import ExchangerRow, exchanger_step
from plc_sim.kernel.plc import plc_step
from plc_sim.kernel.plc_rows import LinkRow, PlcRow
from plc_sim.kernel.pusher import PusherRow, pusher_step
from plc_sim.kernel.ramp import RampRow, ramp_step
from plc_sim.kernel.scale import scale_step
from plc_sim.kernel.scale_row import ScaleRow
from plc_sim.kernel.schedule import earliest, schedule
from plc_sim.kernel.signals import note_counts
from plc_sim.kernel.stamp import StampRow, stamp_step
from plc_sim.kernel.station import StationRow, station_step
from plc_sim.kernel.user import UserRow, user_step
from plc_sim.kernel.vacuum import vacuum_step
from plc_sim.kernel.vacuum_row import VacuumRow


@kernel
def _act(I: Words, F: Reals, c: int, t: int) -> None:
    entry_of = I[Header.COMPONENTS] + ComponentRow.SIZE * c
    kind = I[entry_of + ComponentRow.TYPE]
    o = I[entry_of + ComponentRow.ROW]
    if kind == PlcRow.KIND:
        plc_step(I, F, c, o, t)
    elif kind == BeltRow.KIND:
        belt_step(I, F, c, o, t)
    elif kind == EyeRow.KIND:
        eye_step(I, c, o, t)
    elif kind == CylinderRow.KIND:
        cylinder_step(I, F, c, o, t)
    elif kind == ArmRow.KIND:
        arm_step(I, F, c, o, t)
    elif kind == LinkRow.KIND:
        link_step(I, F, c, o, t)
    elif kind == FeederRow.KIND:
        feeder_step(I, F, c, o, t)
    elif kind == HandRow.KIND:
        hand_step(I, F, c, o, t)
    elif kind == InspectionRow.KIND:
        inspection_step(I, F, c, o, t)
    elif kind == ExchangerRow.KIND:
        exchanger_step(I, c, o, t)
    elif kind == DoorRow.KIND:
        door_step(I, c, o, t)
    elif kind == VacuumRow.KIND:
        vacuum_step(I, F, c, o, t)
    elif kind == MagazineRow.KIND:
        magazine_step(I, F, c, o, t)
    elif kind == AxisRow.KIND:
        axis_step(I, F, c, o, t)
    elif kind == StationRow.KIND:
        station_step(I, F, c, o, t)
    elif kind == ContactRow.KIND:
        contact_step(I, c, o, t)
    elif kind == DispenserRow.KIND:
        dispenser_step(I, F, c, o, t)
    elif kind == MeterRow.KIND:
        meter_step(I, F, c, o, t)
    elif kind == OdeRow.KIND:
        ode_step(I, F, c, o, t)
    elif kind == PusherRow.KIND:
        pusher_step(I, F, c, o, t)
    elif kind == ScaleRow.KIND:
        scale_step(I, F, c, o, t)
    elif kind == RampRow.KIND:
        ramp_step(I, F, c, o, t)
    elif kind == StampRow.KIND:
        stamp_step(I, c, o, t)
    elif kind == FaultRow.KIND:
        fault_step(I, F, c, o, t)
    elif kind == UserRow.KIND:
        schedule(I, c, user_step(I, F, c, o, t))


@kernel
def _stop(I: Words, t: int, done: int, cause: int) -> int:
    I[Header.TIME] = t
    I[Header.DONE] = done
    I[Header.CAUSE] = cause
    I[Header.STOP] = 0
    return t


@kernel
def _reach(I: Words, F: Reals, t: int, until: int) -> int:
    cause = 0
    if t >= until:
        cause += Cause.UNTIL
    if t >= I[Header.SCAN_AT]:
        cause += Cause.SCAN
        present(I, F, t)
    return _stop(I, t, t, cause)


@kernel
def _run(I: Words, F: Reals, until: int) -> int:
    if I[Header.PUT_AT] >= 0:
        take_put(I)
    if I[Header.SCAN_DUE] < NEVER:
        take_due(I)
    if I[Header.REPLAN]:
        replan(I, F)
    last = I[Header.TIME]
    same = 0
    while True:
        c = earliest(I)
        t = I[I[Header.NEXT] + c]
        if t > last:
            if I[Header.COUNTED]:
                note_counts(I)
            if I[Header.STOP]:
                return _stop(I, last, last, I[Header.STOP])
            limit = max(min(until, I[Header.SCAN_AT]), last)
            if t > limit:
                return _reach(I, F, limit, until)
            last = t
            same = 0
        else:
            same += 1
            if same > STORM:
                I[Header.STORM] = c
                I[Header.STOP] |= Cause.STORM
                return _stop(I, last, last - 1, I[Header.STOP])
        I[Header.EVENTS] += 1
        _act(I, F, c, t)
        if I[Header.STOP] & Cause.PROGRAM:
            others = I[Header.STOP] - Cause.PROGRAM
            _stop(I, t, t - 1, I[Header.STOP] - others)
            I[Header.STOP] = others
            return t


@entry
def advance(W: np.ndarray, until: int) -> int:
    """Do every event up to `until` (ns) or up to the controller's next scan; the instant reached.

    The header's CAUSE says why it returned. It may be called again from any stop; stopping changes no
    component.
    """
    return _run(words(W), reals(W), until)


@parallel_entry
def advance_batch(blocks: np.ndarray, until: int) -> None:
    """`advance` for every row of `blocks`, on all threads; the words are those of one after the other."""
    for k in numba.prange(blocks.shape[0]):
        _run(words(blocks[k]), reals(blocks[k]), until)
