"""What the pick cell and its PLC exchange: two data blocks."""

from __future__ import annotations

from control import Bool, DataBlock, Int


class Status(DataBlock):
    """DB10, written by the PLC: sensors, panel, answers of the pallet exchange. Word 0 is the PLC's life
    word.
    """

    entry_eye = Bool("2.0")
    stop_eye = Bool("2.1")
    stopper_extended = Bool("2.2")
    stopper_retracted = Bool("2.3")
    inspection_good = Bool("2.4")
    inspection_ready = Bool("2.5")
    hand_part = Bool("2.6")
    robot_in_pick_zone = Bool("2.7")
    guard_channel_1 = Bool("3.0")
    guard_channel_2 = Bool("3.1")
    confirm = Bool("4.0")
    clear = Bool("4.1")
    reset = Bool("4.2")
    start = Bool("4.3")
    hold = Bool("4.4")
    unhold = Bool("4.5")
    stop = Bool("4.6")
    exchange_acknowledged = Bool("5.0")
    exchange_complete = Bool("5.1")
    belt_speed = Int("6.0", raw=(0, 27648), low=0.0, high=1.0, unit="m/s")
    belt_moving = belt_speed.above(0.005)


class Orders(DataBlock):
    """DB11, written by the cell. Word 0 is its life word."""

    belt_run = Bool("2.0")
    stopper_extend = Bool("2.1")
    stopper_retract = Bool("2.2")
    inspect = Bool("2.3")
    ready_for_part = Bool("2.4", stored=True)
    robot_enable = Bool("2.5", stored=True)
    exchange_request = Bool("2.6", stored=True)
    red = Bool("3.0", stored=True)
    red_flash = Bool("3.1", stored=True)
    amber = Bool("3.2", stored=True)
    blue = Bool("3.3", stored=True)
    green = Bool("3.4", stored=True)
    green_flash = Bool("3.5", stored=True)
    horn = Bool("3.6", stored=True)
    state = Int("4.0", stored=True)
    packed = Int("6.0", stored=True)
