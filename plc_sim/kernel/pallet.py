"""Places to put parts: pallets, their exchanger, chutes."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import is_good
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole
from plc_sim.kernel.schedule import row_of, schedule
from plc_sim.kernel.signals import drive, seen


class PalletRow(Row, kind=11):
    """A pallet with places in rows and columns."""

    FULL = signal("every place is taken")
    X = real("first place", "m")
    Y = real("first place", "m")
    Z = real("first place", "m")
    ROWS = whole("rows, along y", low=1, high=1000)
    COLUMNS = whole("columns, along x", low=1, high=1000)
    PITCH = real("from place to place", "m", above=0.0)
    PLACES = rows("the part in each place, or 0; row by row")
    ABSENT = state("the pallet is away")
    PARTS_ON = state("parts on it", counted=True)
    GOOD_ON = state("good parts on it", counted=True)


class ChuteRow(Row, kind=12):
    """A chute that takes parts out of the cell."""

    X = real("its mouth", "m")
    Y = real("its mouth", "m")
    Z = real("its mouth", "m")
    REJECTED = state("parts it took", counted=True)
    GOOD_REJECTED = state("good parts among them", counted=True)


class ExchangerRow(Row, kind=7):
    """Takes a pallet away and brings an empty one, while told to run."""

    RUN = signal("exchanges; a new exchange needs a new edge")
    IN_PLACE = signal("a pallet stands in place")
    PALLET = component("the pallet")
    TIME = duration("of an exchange", live=True)
    RUNNING = state("it moves")
    LEFT = state("time left of the present exchange, or 0", "ns")
    END = state("when it is done if nothing stops it", "ns", initial=NEVER)
    SHIPPED = state("parts taken away", counted=True)
    GOOD_SHIPPED = state("good parts among them", counted=True)
    EXCHANGES = state("pallets taken away", counted=True)


@kernel
def near(F: Reals, w: int, x: float, y: float, z: float, tolerance: float) -> bool:
    """Whether the point at word `w` lies within `tolerance` (m) of (x, y, z)."""
    dx, dy, dz = F[w] - x, F[w + 1] - y, F[w + 2] - z
    return dx * dx + dy * dy + dz * dz <= tolerance * tolerance


@kernel
def put_on_pallet(
    I: Words, F: Reals, o: int, part: int, x: float, y: float, z: float, tolerance: float, t: int
) -> bool:
    """Leave a part in the free place within `tolerance` (m) of (x, y, z), if there is one."""
    if I[o + PalletRow.ABSENT] or abs(F[o + PalletRow.Z] - z) > tolerance:
        return False
    columns = I[o + PalletRow.COLUMNS]
    pitch = F[o + PalletRow.PITCH]
    for k in range(I[o + PalletRow.ROWS] * columns):
        dx = F[o + PalletRow.X] + (k % columns) * pitch - x
        dy = F[o + PalletRow.Y] + (k // columns) * pitch - y
        dz = F[o + PalletRow.Z] - z
        place = I[o + PalletRow.PLACES] + k
        if dx * dx + dy * dy + dz * dz <= tolerance * tolerance and I[place] == 0:
            _lay(I, o, place, part, t)
            return True
    return False


@kernel
def _lay(I: Words, o: int, place: int, part: int, t: int) -> None:
    I[place] = part
    I[o + PalletRow.PARTS_ON] += 1
    I[o + PalletRow.GOOD_ON] += is_good(part)
    if I[o + PalletRow.PARTS_ON] == I[o + PalletRow.ROWS] * I[o + PalletRow.COLUMNS]:
        drive(I, I[o + PalletRow.FULL], 1, t)


@kernel
def put_in_first(I: Words, o: int, part: int, t: int) -> bool:
    """Leave a part in the first free place of the pallet at offset `o`, if there is one."""
    first = I[o + PalletRow.PLACES]
    for place in range(first, first + I[o + PalletRow.ROWS] * I[o + PalletRow.COLUMNS]):
        if I[o + PalletRow.ABSENT] == 0 and I[place] == 0:
            _lay(I, o, place, part, t)
            return True
    return False


@kernel
def put_in_chute(I: Words, o: int, part: int) -> None:
    """Let the chute at offset `o` take a part out of the cell."""
    I[o + ChuteRow.REJECTED] += 1
    I[o + ChuteRow.GOOD_REJECTED] += is_good(part)


@kernel
def _take_away(I: Words, o: int, t: int) -> None:
    pallet = row_of(I, I[o + ExchangerRow.PALLET])
    I[o + ExchangerRow.SHIPPED] += I[pallet + PalletRow.PARTS_ON]
    I[o + ExchangerRow.GOOD_SHIPPED] += I[pallet + PalletRow.GOOD_ON]
    I[o + ExchangerRow.EXCHANGES] += 1
    I[pallet + PalletRow.PARTS_ON] = 0
    I[pallet + PalletRow.GOOD_ON] = 0
    I[pallet + PalletRow.ABSENT] = 1
    for k in range(I[pallet + PalletRow.ROWS] * I[pallet + PalletRow.COLUMNS]):
        I[I[pallet + PalletRow.PLACES] + k] = 0
    drive(I, I[pallet + PalletRow.FULL], 0, t)
    drive(I, I[o + ExchangerRow.IN_PLACE], 0, t)


@kernel
def exchanger_step(I: Words, c: int, o: int, t: int) -> None:
    """RUN changed or the exchange is done. While RUN is low an exchange stands still."""
    if t >= I[o + ExchangerRow.END]:
        I[o + ExchangerRow.END] = NEVER
        I[o + ExchangerRow.LEFT] = 0
        I[row_of(I, I[o + ExchangerRow.PALLET]) + PalletRow.ABSENT] = 0
        drive(I, I[o + ExchangerRow.IN_PLACE], 1, t)
    run = seen(I, I[o + ExchangerRow.RUN])
    if run != I[o + ExchangerRow.RUNNING]:
        I[o + ExchangerRow.RUNNING] = run
        if run:
            if I[o + ExchangerRow.LEFT] == 0:
                _take_away(I, o, t)
                I[o + ExchangerRow.LEFT] = max(I[o + ExchangerRow.TIME], 1)
            I[o + ExchangerRow.END] = t + I[o + ExchangerRow.LEFT]
        elif I[o + ExchangerRow.END] < NEVER:
            I[o + ExchangerRow.LEFT] = I[o + ExchangerRow.END] - t
            I[o + ExchangerRow.END] = NEVER
    schedule(I, c, I[o + ExchangerRow.END])
