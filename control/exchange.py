"""What a device's conversation is made of: requests, verbs, orders under way, the line they travel on."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from control.link import Order

PATIENCE = 0.5
"""The time a device has to begin its answer, in s."""


class Kind(Enum):
    """What may be done when no answer came; only the answer to a query tells anything."""

    QUERY = "ask again freely"
    IDEMPOTENT = "repeat once after a resynchronisation"
    MOTION = "never repeat: the outcome is unknown"


class Turn(Enum):
    """When an order is carried out."""

    IN_TURN = "after the orders before it have ended"
    NOW = "as soon as the line is free"
    FIRST = "as soon as the line is free; ends what moves and all that waits"


class Exchange(NamedTuple):
    """One request: its frame, what may be done without an answer, the pattern of the data in its answer."""

    data: bytes
    kind: Kind = Kind.IDEMPOTENT
    answer: str = ""


class Answer(NamedTuple):
    """An answer's parts: its data, why the device refused what was asked (empty: it did not), and whether it
    says that it is in alarm.
    """

    data: str
    refusal: str = ""
    in_alarm: bool = False


class Verb(NamedTuple):
    """How one verb is carried out: its requests (of the session and the order's arguments), when, and whether
    it goes on after the last answer until the status says so.
    """

    requests: Callable[..., tuple[Exchange, ...]]
    turn: Turn = Turn.IN_TURN
    tracked: bool = False


class Job(NamedTuple):
    """An order being carried out: its requests and how many of them have been answered. `ended` is why it
    goes no further than the request that is on the line.
    """

    order: Order
    requests: tuple[Exchange, ...]
    answered: int = 0
    repeated: bool = False
    ended: str = ""


class Line(NamedTuple):
    """What the bytes travel on; `byte_time` is in s, `latency` what an adapter adds to every answer (s)."""

    byte_time: float
    latency: float = 0.02


POLL = Order(0, "poll")
IDENTIFY = Order(0, "identify")
RESYNC = Order(0, "resync")
REST = Order(0, "rest")
