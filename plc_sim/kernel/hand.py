"""A hand on an arm: it grips a part that rests at the tool centre point, and leaves it there."""

from __future__ import annotations

from plc_sim.kernel.arm import ArmRow, joints_at
from plc_sim.kernel.belt import part_near, take_part
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.feeder import is_good
from plc_sim.kernel.header import NEVER, ComponentRow, Header
from plc_sim.kernel.kinematics import forward
from plc_sim.kernel.pallet import ChuteRow, PalletRow, near, put_on_pallet
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole
from plc_sim.kernel.schedule import row_of, schedule
from plc_sim.kernel.signals import drive, seen


class PickPointRow(Row, kind=10):
    """A place on a belt where a resting part can be gripped."""

    BELT = component("the belt")
    AT = real("front of the part on the belt", "m", low=0.0)
    X = real("tool centre point to grip it", "m")
    Y = real("tool centre point to grip it", "m")
    Z = real("tool centre point to grip it", "m")
    TOLERANCE = real("by which the part may lie beside AT", "m", above=0.0)


class HandRow(Row, kind=8):
    """A hand with two fingers."""

    CLOSE = signal("high: closes, low: opens")
    CLOSED = signal("the fingers are closed")
    PART_PRESENT = signal("a part is held")
    ARM = component("the arm that carries it")
    CLOSE_TIME = duration("from command to closed", live=True)
    OPEN_TIME = duration("from command to open", live=True)
    TOLERANCE = real("by which the tool centre point may lie beside a place", "m", above=0.0)
    PLACES = rows("numbers of the pick points, pallets and chutes it serves")
    PLACE_COUNT = whole("how many")
    COMMAND = state("as seen")
    IS_CLOSED = state("the fingers are closed")
    DUE = state("when the fingers have followed", "ns", initial=NEVER)
    PART = state("the part held, or 0")
    HOLDS = state("parts held", counted=True)
    DROPPED = state("parts left where no place is", counted=True)


@kernel
def _grip(I: Words, F: Reals, o: int, x: float, y: float, z: float, t: int) -> None:
    for k in range(I[o + HandRow.PLACE_COUNT]):
        c = I[I[o + HandRow.PLACES] + k]
        place = row_of(I, c)
        if (
            I[o + HandRow.PART] == 0
            and I[I[Header.COMPONENTS] + ComponentRow.SIZE * c + ComponentRow.TYPE] == PickPointRow.KIND
            and near(F, place + PickPointRow.X, x, y, z, F[o + HandRow.TOLERANCE])
        ):
            belt = I[place + PickPointRow.BELT]
            i = part_near(I, F, belt, F[place + PickPointRow.AT], F[place + PickPointRow.TOLERANCE], t)
            if i >= 0:
                I[o + HandRow.PART] = take_part(I, F, belt, i, t)
                I[o + HandRow.HOLDS] = 1
                drive(I, I[o + HandRow.PART_PRESENT], 1, t)


@kernel
def _place(I: Words, F: Reals, o: int, x: float, y: float, z: float, t: int) -> bool:
    part = I[o + HandRow.PART]
    tolerance = F[o + HandRow.TOLERANCE]
    for k in range(I[o + HandRow.PLACE_COUNT]):
        c = I[I[o + HandRow.PLACES] + k]
        place = row_of(I, c)
        kind = I[I[Header.COMPONENTS] + ComponentRow.SIZE * c + ComponentRow.TYPE]
        if kind == PalletRow.KIND and put_on_pallet(I, F, place, part, x, y, z, tolerance, t):
            return True
        if kind == ChuteRow.KIND and near(F, place + ChuteRow.X, x, y, z, tolerance):
            I[place + ChuteRow.REJECTED] += 1
            I[place + ChuteRow.GOOD_REJECTED] += is_good(part)
            return True
    return False


@kernel
def _release(I: Words, F: Reals, o: int, x: float, y: float, z: float, t: int) -> None:
    if I[o + HandRow.PART] == 0:
        return
    if not _place(I, F, o, x, y, z, t):
        I[o + HandRow.DROPPED] += 1
    I[o + HandRow.PART] = 0
    I[o + HandRow.HOLDS] = 0
    drive(I, I[o + HandRow.PART_PRESENT], 0, t)


@kernel
def hand_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """The command changed, or the fingers have followed it."""
    command = seen(I, I[o + HandRow.CLOSE])
    if t >= I[o + HandRow.DUE]:
        I[o + HandRow.DUE] = NEVER
        I[o + HandRow.IS_CLOSED] = I[o + HandRow.COMMAND]
        drive(I, I[o + HandRow.CLOSED], I[o + HandRow.IS_CLOSED], t)
        arm = row_of(I, I[o + HandRow.ARM])
        x, y, z, _ = forward(F, I[arm + ArmRow.GEOMETRY], joints_at(I, F, arm, t))
        if I[o + HandRow.IS_CLOSED]:
            _grip(I, F, o, x, y, z, t)
        else:
            _release(I, F, o, x, y, z, t)
    if command != I[o + HandRow.COMMAND]:
        I[o + HandRow.COMMAND] = command
        I[o + HandRow.DUE] = NEVER
        if command != I[o + HandRow.IS_CLOSED]:
            I[o + HandRow.DUE] = t + (I[o + HandRow.CLOSE_TIME] if command else I[o + HandRow.OPEN_TIME])
    schedule(I, c, I[o + HandRow.DUE])
