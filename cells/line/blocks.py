"""What the line's controller and its PLC exchange: two data blocks."""

from __future__ import annotations

from control import Bool, DataBlock, Int


class Status(DataBlock):
    """DB20, written by the PLC: what the stations are doing, the outlet, the panel. Word 0 is the PLC's life
    word.
    """

    saw_working = Bool("2.0")
    saw_down = Bool("2.1")
    drill_working = Bool("2.2")
    drill_down = Bool("2.3")
    washer_working = Bool("2.4")
    washer_down = Bool("2.5")
    saw_parity = Bool("2.6")
    drill_parity = Bool("2.7")
    washer_parity = Bool("3.2")
    infeed_empty = Bool("3.0")
    outlet_eye = Bool("3.1")
    confirm = Bool("4.0")
    clear = Bool("4.1")
    reset = Bool("4.2")
    start = Bool("4.3")
    hold = Bool("4.4")
    unhold = Bool("4.5")
    stop = Bool("4.6")


class Orders(DataBlock):
    """DB21, written by the controller. Word 0 is its life word."""

    saw_enable = Bool("2.0", stored=True)
    drill_enable = Bool("2.1", stored=True)
    washer_enable = Bool("2.2", stored=True)
    belt_run = Bool("2.3", stored=True)
    red = Bool("3.0", stored=True)
    red_flash = Bool("3.1", stored=True)
    amber = Bool("3.2", stored=True)
    blue = Bool("3.3", stored=True)
    green = Bool("3.4", stored=True)
    green_flash = Bool("3.5", stored=True)
    horn = Bool("3.6", stored=True)
    finished = Int("4.0", stored=True)
