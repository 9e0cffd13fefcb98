"""What the station and its PLC exchange: inputs and outputs at the addresses of the FESTO MPS distributing
station.
"""

from __future__ import annotations

from control import Bool, DataBlock


class Inputs(DataBlock):
    """IB0 and IB1: sensors and panel."""

    pusher_back = Bool("0.1")
    pusher_front = Bool("0.2")
    vacuum = Bool("0.3")
    arm_at_magazine = Bool("0.4")
    arm_at_next = Bool("0.5")
    magazine_empty = Bool("0.6")
    next_free = Bool("0.7")
    start = Bool("1.0")
    stop = Bool("1.1", normally_closed=True)
    reset = Bool("1.3")
    confirm = Bool("1.4")


class Outputs(DataBlock):
    """QB0 and QB1: valves and lamps. The vacuum valve has a coil for on and one for off and keeps its
    position between, so that no part falls when the station stops.
    """

    push = Bool("0.0")
    vacuum_on = Bool("0.1")
    vacuum_off = Bool("0.2")
    to_magazine = Bool("0.3")
    to_next = Bool("0.4")
    start_lamp = Bool("1.0", stored=True)
    reset_lamp = Bool("1.1", stored=True)
    confirm_lamp = Bool("1.2", stored=True)
    empty_lamp = Bool("1.3", stored=True)
