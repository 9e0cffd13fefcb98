"""The rows of the simulated PLC and of the controller's link to it.

The PLC's memory is one run of words: first the areas the controller reads, then one bit per comparison of an
analogue value, then all other areas; each area starts on a word and lies in it as bytes, in the PLC's own
order.
"""

from __future__ import annotations

from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole


class PlcRow(Row, kind=20):
    """The PLC: scan grid, memory, maps, supervision."""

    CYCLE = duration("scan cycle", low=1e-6)
    PHASE = whole("an instant of the scan grid", "ns")
    LIFE_TIMEOUT = duration("longest silence of the controller's life word")
    RESET = signal("resets the fail-safe latch by its rising edge; 0: life alone resets it")
    TRIPPED_OUT = signal("shows the fail-safe latch")
    RUNNING_OUT = signal("shows RUN")
    PROGRAM = whole("the PLC has a program", low=0, high=1)
    WORDS = whole("words of memory")
    READ_WORDS = whole("words the link reads, comparisons included")
    MEMORY = rows("the memory")
    SHADOW = rows("the memory as it was when changes were last looked for")
    PENDING = rows("mapped input bits as they are now")
    INPUT_MASK = rows("which bits are mapped inputs")
    OUTPUT_MASK = rows("which bits are mapped outputs")
    INITIAL = rows("the memory after a cold start")
    WATCH = rows("bits that wake the controller; READ_WORDS words")
    PROGRAM_WATCH = rows("bits that call the program; WORDS words")
    OUTPUTS = rows("an OutputRow each")
    OUTPUT_COUNT = whole("mapped outputs")
    SETPOINTS = rows("a SetpointRow each")
    SETPOINT_COUNT = whole("mapped analogue outputs")
    ANALOGUES = rows("an AnalogueRow each")
    ANALOGUE_COUNT = whole("mapped analogue inputs")
    RUN = state("what the mode switch says", initial=1)
    RUNNING = state("in RUN")
    STARTS = state("cold starts since power-up, the first included")
    STARTED = state("instant of the last cold start", "ns")
    STOPPED = state("instant of the last change to STOP", "ns")
    LAST = state("last executed scan", "ns", initial=-1)
    WAITING = state("the scan waits for the program")
    PROGRAM_DUE = state("when the program wants to run next", "ns", initial=NEVER)
    CALLED = state("the link changed what the program waits for")
    TRIPPED = state("fail-safe latch", initial=1)
    ALIVE = state("the controller's life word counts")
    LAST_BEAT = state("when it last changed", "ns", initial=-NEVER)
    ALIVE_SEEN = state("it counted at the last scan")
    RESET_SEEN = state("the reset signal at the last scan")
    DIRTY = state("all outputs are to be written", initial=1)


class OutputRow(Row):
    """A bit of the memory that drives a signal."""

    WORD = whole("word of the memory")
    MASK = whole("bit of it")
    TARGET = signal("the signal driven")
    SAFE = whole("value in STOP and while tripped", low=0, high=1)
    FAILSAFE = whole("takes its safe value while tripped too", low=0, high=1)


class SetpointRow(Row):
    """A number in the memory that a component obeys."""

    OWNER = component("the component")
    TARGET = rows("the word of its row")
    BYTE = whole("first byte of the memory")
    OCTETS = whole("bytes: 1, 2, 4 or 8, high byte first", low=1, high=8)
    FLOATING = whole("stored as IEEE 754", low=0, high=1)
    SIGNED = whole("stored as two's complement", low=0, high=1)
    LOW = real("value that RAW_LOW stands for")
    RAW_LOW = real("raw number at LOW")
    SCALE = real("raw numbers per unit")
    SAFE = real("value in STOP and while tripped", "as the setpoint")


class AnalogueRow(Row):
    """A number in the memory that shows an analogue value of a component."""

    SOURCE = component("the component")
    SOURCE_VALUE = whole("which of its values, in the order of their declaration")
    BYTE = whole("first byte of the memory")
    OCTETS = whole("bytes: 1, 2, 4 or 8, high byte first", low=1, high=8)
    FLOATING = whole("stored as IEEE 754", low=0, high=1)
    LOW = real("value that RAW_LOW stands for")
    RAW_LOW = real("raw number at LOW")
    SCALE = real("raw numbers per unit")
    LEAST = real("smallest raw number of the type")
    GREATEST = real("greatest raw number of the type")
    WORD = whole("word of the memory that holds its first byte")
    MASK = whole("its bits there")
    NEXT_MASK = whole("its bits in the word after")
    COMPARISONS = rows("a ComparisonRow each")
    COMPARISON_COUNT = whole("how many")
    EVALUATED = state("scan instant whose value the memory shows", "ns", initial=-1)
    WATCHED = state("the program or the controller waits for a change of it")


class ComparisonRow(Row):
    """A bit that tells whether a number in the memory is above or below a limit."""

    ABOVE = whole("1: above, 0: below", low=0, high=1)
    RAW_LIMIT = whole("for whole numbers: the first raw number for which it holds")
    LIMIT = real("for floating numbers: the limit")
    WORD = whole("word of the memory")
    MASK = whole("bit of it")


class LinkRow(Row, kind=21):
    """The cyclic exchange between controller and PLC, and the controller's scan instants."""

    CYCLE = whole("exchange cycle", "ns", low=4)
    PHASE = whole("start of exchange 0, without jitter", "ns")
    JITTER = whole("an exchange starts less than this late", "ns", low=1)
    DELAY_LOW = whole("shortest exchange", "ns", low=2)
    DELAY_HIGH = whole("longest exchange", "ns", low=2)
    KEY = whole("key of its draws")
    SCAN_PERIOD = whole("the controller's scan period", "ns", low=1)
    SCAN_PHASE = whole("scan 0, without lateness", "ns")
    SCAN_LATENESS = whole("a scan comes less than this late", "ns", low=1)
    SCAN_KEY = whole("key of its draws")
    WRITE_FIRST = whole("first word of the memory the link writes")
    WRITE_WORDS = whole("number of such words")
    WRITE_MASK = rows("the bits it writes in them")
    PUT = rows("the outputs the controller left, WRITE_WORDS words")
    EVEN_WRITE = rows("the WriteRow of exchanges with even numbers")
    ODD_WRITE = rows("the WriteRow of exchanges with odd numbers")
    IMAGE = rows("what the controller saw at its last executed scan, READ_WORDS words")
    SAMPLE_A = rows("a SampleRow")
    SAMPLE_B = rows("another")
    ON = state("exchanges take place")
    FROM = state("first exchange since they do")
    LAST = state("newest exchange whose reading is kept", initial=-1)
    ACCESS = state("when the next exchange reads, or before", "ns", initial=-1)


class WriteRow(Row):
    """Outputs on their way; the words follow."""

    NUMBER = state("exchange that carries them, or -1", initial=-1)


class SampleRow(Row):
    """What an exchange read; READ_WORDS words follow."""

    NUMBER = state("the exchange, or -1", initial=-1)
    START = state("when it was started", "ns")
