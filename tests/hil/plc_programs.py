"""PLC programs with a mistake each, for the bench: python -m tests.hil.plc_programs NAME."""

from __future__ import annotations

import sys
from typing import ClassVar

from cells.pick_cell import plc
from cells.pick_cell.plc import PickPlc, main


class DoorHidden(PickPlc):
    """Shows the door closed, whatever its channels say."""

    def _write(self, status: bytes | bytearray, outputs: bytearray) -> None:
        shown = bytearray(status)
        plc.put(shown, "3.0", value=True)
        plc.put(shown, "3.1", value=True)
        super()._write(shown, outputs)


class LifeUnheard(PickPlc):
    """Never hears the cell's life word, so Reset ends no trip."""

    def supervise(self, life: int, reset: bool, now: float) -> None:
        super().supervise(0, reset, now)


class Programs:
    """By name."""

    ALL: ClassVar[dict[str, type[PickPlc]]] = {"good": PickPlc, "door": DoorHidden, "life": LifeUnheard}


if __name__ == "__main__":
    main(program=Programs.ALL[sys.argv[1]])
