"""System status lists (SZL) of the simulated CPU, headed as a CPU heads them.

Record layouts: Siemens, System Software for S7-300/400, System and Standard Functions, volume 2, SSL IDs.
"""

from __future__ import annotations

import struct

RUN, STOP = 0x08, 0x03
"""Operating modes of SZL 0424, low half of the mode byte."""

_ENTERED_RUN, _STOPPED_BY_REQUEST = 0x4302, 0x4304
"""Events of the diagnostic buffer that led to the mode."""


def _text(index: int, text: bytes, size: int) -> bytes:
    return struct.pack(f">H{size}s", index, text)


ORDER_NUMBER = b"CELLWRIGHT-SIM-PLC  "
IDENTITY = (
    _text(1, ORDER_NUMBER, 20) + struct.pack(">HHH", 0, 1, 0),
    _text(6, ORDER_NUMBER, 20) + struct.pack(">HHH", 0, 1, 0),
    _text(7, b" " * 20, 20) + struct.pack(">HHH", 0, 0x5600, 0x0100),
)
"""SZL 0011: module, basic hardware, basic firmware (V0.1.0)."""

COMPONENTS = tuple(
    _text(index, text, 32)
    for index, text in (
        (1, b"Cellwright"),
        (2, b"PLC"),
        (3, b""),
        (4, b"simulated"),
        (5, b""),
        (7, b"Simulated CPU"),
    )
)
"""SZL 001C: names of automation system and module, plant, copyright, serial number, module type."""

COMMUNICATION = struct.pack(">HHHII26x", 1, 960, 16, 0, 0)
"""SZL 0131 index 1: largest PDU, connections; no MPI and no bus rate."""

PROTECTION = struct.pack(">HHHHHH28x", 4, 1, 0, 1, 1, 2)
"""SZL 0132 and 0232 index 4: no protection, mode selector at RUN, warm restart."""

LISTS: dict[tuple[int, int], tuple[bytes, ...]] = {
    (0x0011, 0): IDENTITY,
    **{(0x0111, index): (record,) for index, record in zip((1, 6, 7), IDENTITY, strict=True)},
    (0x001C, 0): COMPONENTS,
    (0x0131, 1): (COMMUNICATION,),
    (0x0132, 4): (PROTECTION,),
    (0x0232, 4): (PROTECTION,),
}
MODE_LIST = (0x0424, 0)
CONTENTS = (0x0000, 0)


def status_list(number: int, index: int, running: bool) -> bytes | None:
    """An SZL's records behind its header, or None: this CPU has no such list."""
    if (number, index) == MODE_LIST:
        records: tuple[bytes, ...] = (_mode(running),)
    elif (number, index) == CONTENTS:
        known = sorted({each for each, _ in LISTS} | {MODE_LIST[0], CONTENTS[0]})
        records = tuple(struct.pack(">H", each) for each in known)
    else:
        records = LISTS.get((number, index), ())
    if not records:
        return None
    return struct.pack(">HHHH", number, index, len(records[0]), len(records)) + b"".join(records)


def _mode(running: bool) -> bytes:
    event, mode = (_ENTERED_RUN, RUN) if running else (_STOPPED_BY_REQUEST, STOP)
    return struct.pack(">HBB4x4x8x", event, 0xFF, mode)
