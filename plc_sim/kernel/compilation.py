"""How kernel functions are compiled: once for all cells, kept on disk.

A `kernel` function is compiled into the entries that call it. An `entry` is called from Python and kept on
disk, in a directory whose name is a key over every kernel source, the versions of numba and numpy and the
processor: numba's own cache does not see an edit of a function in another file. With NUMBA_DISABLE_JIT=1 all
of it runs as plain Python.

Inside, a block of words is seen through bare pointers (`words`, `reals`, `octets`): one machine word per
argument, no negative index, no bounds.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import binding
from numba import config as numba_config
from numba import njit, types
from numba.extending import intrinsic

config: Any = numba_config

F = TypeVar("F", bound=Callable[..., Any])

Words = Any
"""The block as int64, indexed by word."""
Reals = Any
"""The block as float64, indexed by word."""
Octets = Any
"""The block as bytes, eight to a word."""


def cache_key() -> str:
    """The key under which compiled entries are kept."""
    digest = hashlib.blake2b(digest_size=10)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    digest.update(
        f"{sys.version} {numba.__version__} {np.__version__} {binding.get_host_cpu_name()}".encode()
    )
    return digest.hexdigest()


def cache_directory() -> Path:
    """Where compiled entries are kept: NUMBA_CACHE_DIR, else the user's cache, else a temporary folder."""
    home = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    folder = Path(home) if home else Path.home() / ".cache"
    for candidate in (folder, Path(tempfile.gettempdir()) / f"cellwright-{os.getuid()}"):
        directory = candidate / "cellwright" / cache_key()
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(directory, os.W_OK):
            return directory
    return Path(tempfile.mkdtemp(prefix="cellwright-"))


DIRECTORY = cache_directory()

ENTRIES: list[Any] = []
"""Every entry that runs on one thread."""

TYPES = {
    "np.ndarray": types.int64[::1],
    "int": types.int64,
    "float": types.float64,
    "Joints": types.UniTuple(types.float64, 6),
}
"""What an entry's annotations stand for."""


def kernel(function: F) -> F:
    """Compile into whatever entry calls it, once: a literal argument makes no version of its own."""
    compiled: Any = njit(error_model="numpy")(function)
    if not config.DISABLE_JIT:
        template = compiled.get_call_template
        compiled.get_call_template = lambda args, kws: template(tuple(map(types.unliteral, args)), kws)
    return compiled


def entry(function: F) -> F:
    """Compile on the first call, or load from disk."""
    compiled = _entry(function, parallel=False)
    ENTRIES.append(compiled)
    return compiled


def load_entries() -> None:
    """Compile every entry, or load it from disk, now: later it would hold up whoever keeps real time."""
    for compiled in () if config.DISABLE_JIT else ENTRIES:
        annotations = compiled.py_func.__annotations__
        compiled.compile(tuple(TYPES[kind] for name, kind in annotations.items() if name != "return"))


def on_disk() -> bool:
    """Whether entries compiled from these sources are kept on this machine, or none are needed."""
    return bool(config.DISABLE_JIT) or any(DIRECTORY.rglob("*.nbi"))


def parallel_entry(function: F) -> F:
    """An entry whose outer loop runs on several threads."""
    return _entry(function, parallel=True)


def _entry(function: F, parallel: bool) -> F:
    if config.DISABLE_JIT:
        return function
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(DIRECTORY)
    try:
        return njit(error_model="numpy", cache=True, parallel=parallel)(function)  # type: ignore[return-value]
    finally:
        config.CACHE_DIR = usual


def _pointer(dtype: types.Type) -> Any:
    @intrinsic
    def pointer(typing_context, block):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            data = arguments[0]
            if isinstance(block, types.Array):
                data = context.make_array(block)(context, builder, data).data
            return builder.bitcast(data, context.get_value_type(signature.return_type))

        return types.CPointer(dtype)(block), generate

    return pointer


def _words(block: np.ndarray) -> Words:
    return block.data


def _reals(block: np.ndarray | Words) -> Reals:
    return block.view(np.float64).data if isinstance(block, np.ndarray) else block.cast("B").cast("d")


def _octets(view: Words) -> Octets:
    return view.cast("B")


compiled = not config.DISABLE_JIT
words: Callable[[np.ndarray], Words] = _pointer(types.int64) if compiled else _words
"""The block as int64 words."""
reals: Callable[[np.ndarray | Words], Reals] = _pointer(types.float64) if compiled else _reals
"""The block as float64 words."""
octets: Callable[[Words], Octets] = _pointer(types.uint8) if compiled else _octets
"""The words seen as bytes."""
