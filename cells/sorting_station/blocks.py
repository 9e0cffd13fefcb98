"""What the station and its PLC exchange: the process images of inputs and outputs."""

from __future__ import annotations

from control import Bool, DataBlock


class Inputs(DataBlock):
    """IB0 to IB3: sensors and panel."""

    separator_back = Bool("0.0")
    separator_front = Bool("0.1")
    stack_empty = Bool("0.2")
    part_at_stack = Bool("0.3")
    metal_at_stack = Bool("0.4")
    crane_at_stack = Bool("0.5")
    crane_at_stamp = Bool("0.6")
    crane_at_belt = Bool("0.7")
    crane_up = Bool("1.0")
    crane_down = Bool("1.1")
    vacuum = Bool("1.2")
    part_at_stamp = Bool("1.3")
    press_up = Bool("1.4")
    press_down = Bool("1.5")
    metal_on_belt = Bool("1.6")
    bright_on_belt = Bool("1.7")
    at_sensors = Bool("2.0")
    at_first = Bool("2.1")
    at_second = Bool("2.2")
    at_end = Bool("2.3")
    first_back = Bool("2.4")
    first_front = Bool("2.5")
    second_back = Bool("2.6")
    second_front = Bool("2.7")
    first_full = Bool("3.0")
    second_full = Bool("3.1")
    start = Bool("3.2")
    stop = Bool("3.3", normally_closed=True)
    reset = Bool("3.4")
    confirm = Bool("3.5")


class Outputs(DataBlock):
    """QB0 to QB2: valves, motors, lamps. The vacuum valve keeps its position between its two coils."""

    separate = Bool("0.0")
    clockwise = Bool("0.1")
    counterclockwise = Bool("0.2")
    lower = Bool("0.3")
    vacuum_on = Bool("0.4")
    vacuum_off = Bool("0.5")
    press = Bool("0.6")
    belt_run = Bool("0.7")
    push_first = Bool("1.0")
    push_second = Bool("1.1")
    start_lamp = Bool("1.2", stored=True)
    reset_lamp = Bool("1.3", stored=True)
    confirm_lamp = Bool("1.4", stored=True)
    stack_lamp = Bool("1.5", stored=True)
    first_lamp = Bool("1.6", stored=True)
    second_lamp = Bool("1.7", stored=True)
    red = Bool("2.0", stored=True)
    amber = Bool("2.1", stored=True)
    green = Bool("2.2", stored=True)
