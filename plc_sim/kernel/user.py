"""A component of a user's own: its function, compiled by numba's `cfunc`, is called by address; the kernel is
not recompiled.

The function has the signature `SIGNATURE`: (words, reals, component, offset of its UserRow, time in ns) ->
when it acts next, in ns. It may call kernel functions such as `drive` and `seen`. Addresses differ between
processes, so a block with such components belongs to the process that built it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import cfunc, types
from numba.extending import intrinsic

from plc_sim.kernel.compilation import Reals, Words, compiled, kernel
from plc_sim.kernel.row import Row, rows, state, whole
from plc_sim.kernel.signals import drive, seen

SIGNATURE = types.int64(
    types.CPointer(types.int64), types.CPointer(types.float64), types.int64, types.int64, types.int64
)


class UserRow(Row, kind=13):
    """A component of a user's own."""

    LISTENS = rows("offsets of the signals it listens to")
    DRIVES = rows("offsets of the signals it drives")
    FUNCTION = state("address of its function")
    WORDS = rows("its own words")
    WORD_COUNT = whole("how many")


def _caller() -> Any:
    @intrinsic
    def call(typing_context, address, i, f, c, o, t):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            word = ir.IntType(64)
            function = ir.FunctionType(word, [arguments[1].type, arguments[2].type, word, word, word])
            return builder.call(builder.inttoptr(arguments[0], function.as_pointer()), arguments[1:])

        return types.int64(types.int64, i, f, types.int64, types.int64, types.int64), generate

    return call


FUNCTIONS: list[Callable[..., int]] = []
"""Without compilation the address of a function is its place here."""

COMPILED: dict[Callable[..., int], Any] = {}


def address_of(function: Callable[..., int]) -> int:
    """The address under which the kernel calls `function`, which is compiled once per process."""
    if not compiled:
        if function not in FUNCTIONS:
            FUNCTIONS.append(function)
        return FUNCTIONS.index(function)
    if function not in COMPILED:
        COMPILED[function] = cfunc(SIGNATURE)(function)
    return COMPILED[function].address


def _call_listed(address: int, I: Words, F: Reals, c: int, o: int, t: int) -> int:
    return FUNCTIONS[address](I, F, c, o, t)


_call: Any = _caller() if compiled else _call_listed


@kernel
def call_user(address: int, I: Words, F: Reals, c: int, o: int, t: int) -> int:
    """Call the function at an address."""
    return _call(address, I, F, c, o, t)


@kernel
def heard(I: Words, o: int, k: int) -> int:
    """Signal `k`, 0 or 1, of those that the component at offset `o`, an island or another, listens to."""
    return seen(I, I[I[o + UserRow.LISTENS] + k])


@kernel
def say(I: Words, o: int, k: int, value: int, t: int) -> None:
    """Drive signal `k` of those that the component at offset `o` drives."""
    drive(I, I[I[o + UserRow.DRIVES] + k], value, t)


@kernel
def user_step(I: Words, F: Reals, c: int, o: int, t: int) -> int:
    """Let the user's component act; when it acts next."""
    return call_user(I[o + UserRow.FUNCTION], I, F, c, o, t)
