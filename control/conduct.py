"""How a cell conducts itself beyond the PackML table: what rests, what ends, what is refused, as tables."""

from __future__ import annotations

from collections.abc import Mapping

from control.packml import Command, State

S, C = State, Command

AT_REST = frozenset({S.STOPPED, S.IDLE, S.HELD, S.SUSPENDED, S.COMPLETED, S.ABORTING, S.ABORTED, S.CLEARING})
"""States in which outputs that are not `stored` keep their safe values."""

ENDING = frozenset({C.STOP, C.ABORT, C.COMPLETE})
"""Commands after which EXECUTE does not go on where it was."""

ENDED = frozenset({S.STOPPED, S.ABORTED, S.COMPLETED})
"""States on whose entry outputs that are not `stored` are ordered safe, so that a reset starts nothing."""

ACKNOWLEDGING = frozenset({C.CLEAR, C.RESET, C.UNHOLD, C.UNSUSPEND})
"""Commands that clear the alarms; a cause that lasts raises its alarm again."""

AFTER: Mapping[Command, frozenset[Command]] = {
    C.CLEAR: frozenset(Command),
    C.RESET: frozenset({C.STOP}),
    C.UNHOLD: frozenset({C.HOLD}),
    C.UNSUSPEND: frozenset({C.SUSPEND}),
}
"""Commands that are refused while the cause of one of these reactions lasts."""

OPERATOR = {
    S.STOPPED: C.RESET,
    S.IDLE: C.START,
    S.HELD: C.UNHOLD,
    S.ABORTED: C.CLEAR,
    S.COMPLETED: C.RESET,
}
"""The command a person gives next in each waiting state; SUSPENDED ends by itself."""

BEGINNING = frozenset({C.CLEAR, C.RESET, C.START, C.UNHOLD, C.UNSUSPEND})
"""Commands that may need permissives; those that bring the cell to rest never do."""

CONFIGURABLE = frozenset(
    (
        "period sequences buttons confirm trips permissives interlocks disabled_states grace combinations "
        "parts_good parts_rejected params"
    ).split()
)
"""What a cell class may set of what its base declares."""
