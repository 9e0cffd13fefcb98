"""TIA Portal's sources, whatever is in them: addresses by S7's rules, no loss on the way there and back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.tia.commands import export_tia
from control.tia.model import LENGTHY, TAGS, TIA, Array, Elementary, Member, Struct, Type, leaves
from control.tia.source import parse
from control.tia.values import duration, escaped, literal, unescaped, value_of
from tests.control.tia import imported, loaded, run

elementary = st.one_of(
    st.sampled_from([name for name in TAGS if name not in LENGTHY]).map(Elementary),
    st.builds(Elementary, st.sampled_from(LENGTHY), st.integers(1, 9)),
)


def arrays(of: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    bounds = st.tuples(st.integers(-3, 3), st.integers(0, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    return st.builds(lambda bound, kind: Array((bound,), kind), bounds, of)


def structs(of: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return st.lists(of, min_size=1, max_size=5).map(
        lambda kinds: Struct(tuple(Member(f"m{k}", kind) for k, kind in enumerate(kinds)))
    )


types = st.recursive(elementary, lambda of: st.one_of(arrays(of), structs(of)), max_leaves=8)
blocks = st.lists(types, min_size=1, max_size=8).map(
    lambda kinds: Struct(
        tuple(Member(f"x{k}", kind, comment=f"number {k} [mm]") for k, kind in enumerate(kinds))
    )
)


def written(kind: Type) -> str:
    """A type as TIA Portal writes it."""
    if isinstance(kind, Elementary):
        return f"{kind.name}[{kind.length}]" if kind.length else TIA.get(kind.name, kind.name)
    if isinstance(kind, Array):
        return f"Array[{kind.bounds[0][0]}..{kind.bounds[0][1]}] of {written(kind.of)}"
    assert isinstance(kind, Struct)
    members = "\n".join(
        f"{member.name} : {written(member.type)};   // {member.comment}" for member in kind.members
    )
    return f"Struct\n{members}\nEND_STRUCT"


def source_of(struct: Struct) -> str:
    head = "DATA_BLOCK \"Any\"\n{ S7_Optimized_Access := 'FALSE' }\n"
    return f"{head}{written(struct)};\nBEGIN\nEND_DATA_BLOCK\n"


BYTES = {
    **dict.fromkeys(("Byte", "SInt", "USInt", "Char"), 1),
    **dict.fromkeys(("Word", "Int", "UInt", "S5Time", "Date", "WChar"), 2),
    **dict.fromkeys(("DWord", "DInt", "UDInt", "Real", "Time", "TimeOfDay"), 4),
    **dict.fromkeys(("LWord", "LInt", "ULInt", "LReal", "LTime", "LTimeOfDay", "LDT", "DateAndTime"), 8),
    "DTL": 12,
}
"""What S7 says of the types' sizes; a Bool is one bit."""


@given(blocks)
@settings(max_examples=60)
def test_no_two_members_share_a_bit_and_words_lie_at_even_bytes(struct: Struct) -> None:
    (block,), known = parse(source_of(struct), "any.db")
    taken: set[int] = set()
    for leaf in leaves(block, known):
        size = BYTES.get(leaf.type.name, 0)
        size += {"String": 2 + leaf.type.length, "WString": 4 + 2 * leaf.type.length}.get(leaf.type.name, 0)
        first = 8 * leaf.byte + leaf.bit
        bits = set(range(first, first + (8 * size or 1)))
        assert not bits & taken
        taken |= bits
        assert size < 2 or leaf.byte % 2 == 0


@given(blocks)
@settings(max_examples=40)
def test_any_block_survives_import_export_import(
    tmp_path_factory: pytest.TempPathFactory, struct: Struct
) -> None:
    folder = tmp_path_factory.mktemp("tia")
    first = imported(folder, source_of(struct))
    module = folder / "blocks.py"
    module.write_text(first, encoding="utf-8")
    loaded(folder, first)
    assert imported(folder, run(export_tia, module)) == first


@given(st.text(st.characters(max_codepoint=255), max_size=20), st.booleans())
def test_texts_survive_their_escapes(text: str, wide: bool) -> None:
    assert unescaped(escaped(text, wide=wide), wide=wide) == text


@given(st.integers(0, 10**15))
def test_durations_survive(ns: int) -> None:
    assert duration(literal(Elementary("LTime"), ns).removeprefix("LT#")) == ns


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("Bool", "TRUE", True),
        ("Bool", "0", False),
        ("Int", "-5", -5),
        ("Word", "W#16#FF_0F", 0xFF0F),
        ("Byte", "2#1010", 10),
        ("Real", "1.5e-3", 1.5e-3),
        ("Char", "'x'", "x"),
        ("WString", "WSTRING#'$00E4$N'", "\u00e4\n"),
        ("Time", "T#-1d_2h_3m_4s_5ms", -93784.005),
        ("TimeOfDay", "TOD#12:34:56.789", dt.time(12, 34, 56, 789000)),
        ("DateAndTime", "DT#2001-02-03-04:05:06.007", dt.datetime(2001, 2, 3, 4, 5, 6, 7000)),
        ("LTimeOfDay", "LTOD#00:00:01", 10**9),
        ("LDT", "LDT#1970-01-01-00:00:02", 2 * 10**9),
    ],
)
def test_start_values(kind: str, text: str, value: Any) -> None:
    length = "[9]" if kind == "WString" else ""
    source = (
        f'DATA_BLOCK "B"\nSTRUCT\n x : {TIA.get(kind, kind)}{length} := {text};\nEND_STRUCT;\nEND_DATA_BLOCK'
    )
    (block,), known = parse(source, "b.db")
    (leaf,) = leaves(block, known)
    assert value_of(leaf) == pytest.approx(value) if isinstance(value, float) else value_of(leaf) == value
