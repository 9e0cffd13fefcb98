"""Reads TIA Portal's external sources: .db, .udt and the data blocks of .scl files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from control.errors import ConfigurationError
from control.tia.model import SPELLINGS, Array, Block, Elementary, Member, Named, Place, Struct, read

GRAMMAR = r"""
start: (data_block | udt | _code)*

data_block: "DATA_BLOCK"i block_name attributes? header* body _begin? "END_DATA_BLOCK"i
block_name: QUOTED | NAME | NAME INTEGER
body: _struct ";"? | variables+ | QUOTED ";"?
_struct: struct
_begin: "BEGIN"i begin
begin: assignment*
assignment: path ASSIGN VALUE ";"
udt: "TYPE"i (QUOTED | NAME) attributes? header* struct ";"? "END_TYPE"i

attributes: "{" (attribute (";" attribute?)*)? "}"
attribute: NAME ASSIGN TEXT
header: "VERSION"i ":" (NUMBER | TEXT)  -> ignored
      | "AUTHOR"i ":" (NAME | TEXT | QUOTED)  -> ignored
      | "FAMILY"i ":" (NAME | TEXT | QUOTED)  -> ignored
      | "NAME"i ":" (NAME | TEXT | QUOTED)  -> ignored
      | TITLE -> title
      | ("NON_RETAIN"i | "RETAIN"i | "UNLINKED"i | "READ_ONLY"i)  -> ignored
      | "KNOW_HOW_PROTECT"i -> protected

struct: "STRUCT"i member* "END_STRUCT"i
variables: "VAR"i ("RETAIN"i | "NON_RETAIN"i)? member* "END_VAR"i -> struct
member: name ("," name)* ":" type (ASSIGN VALUE)? ";"
name: (NAME | QUOTED) attributes?

?type: array | struct | text | elementary | named
array: "ARRAY"i "[" bounds ("," bounds)* "]" "OF"i type
bounds: SIGNED TO SIGNED
text: TEXT_TYPE ("[" INTEGER "]")?
elementary: NAME
named: QUOTED

path: (NAME | QUOTED) step*
step: "." (NAME | QUOTED) -> inner
    | "[" SIGNED ("," SIGNED)* "]" -> index
SIGNED: /[+-]?\d+/
ASSIGN: ":="
TO: ".."

_code: CODE
CODE.5: /(ORGANIZATION_BLOCK|FUNCTION(_BLOCK)?)\b[\s\S]*?END_(ORGANIZATION_BLOCK|FUNCTION(_BLOCK)?)\b/i
TITLE.4: /TITLE\s*=[^\r\n]*/i
TEXT_TYPE.3: /W?STRING\b/i
VALUE: /(?:'(?:[^'$\r\n]|\$.)*'|[^;'\r\n])+/
TEXT: /'(?:[^'$\r\n]|\$.)*'/
QUOTED: /"[^"\r\n]+"/
NUMBER: /\d+(\.\d+)?/
INTEGER: /\d+/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
COMMENT: /\/\/[^\r\n]*/
BLOCK_COMMENT: /\(\*[\s\S]*?\*\)/
%import common.WS
%ignore WS
%ignore COMMENT
%ignore BLOCK_COMMENT
"""

EXPECTED = {
    "ASSIGN": "':='",
    "TO": "'..'",
    "SEMICOLON": "';'",
    "COLON": "':'",
    "NAME": "a name",
    "QUOTED": 'a name in "quotes"',
    "RPAR": "')'",
    "RSQB": "']'",
    "LSQB": "'['",
    "SIGNED": "a whole number",
    "INTEGER": "a whole number",
    "VALUE": "a value",
    "TEXT": "a text in 'quotes'",
    "COMMA": "','",
    "DOT": "'.'",
}


def read_sources(files: Iterable[Path]) -> tuple[list[Block], dict[str, Struct]]:
    """The data blocks and PLC data types of some files. ConfigurationError with file, line and column."""
    blocks, types = list[Block](), dict[str, Struct]()
    for path in files:
        more, named = parse(read(path), str(path))
        blocks += more
        types |= named
    return blocks, types


def parse(text: str, file: str) -> tuple[list[Block], dict[str, Struct]]:
    """The data blocks and PLC data types of one source."""
    comments: dict[int, str] = {}
    parser = Lark(
        GRAMMAR,
        parser="lalr",
        propagate_positions=True,
        lexer_callbacks={"COMMENT": lambda token: _keep(comments, token)},
    )
    try:
        tree = parser.parse(text)
        build = Builder(file, comments)
        build.transform(tree)
    except UnexpectedInput as error:
        raise ConfigurationError(_explain(error, file)) from None
    except VisitError as error:
        raise error.orig_exc from None
    return build.blocks, build.types


def _keep(comments: dict[int, str], token: Token) -> Token:
    comments[token.line or 0] = token[2:].strip()
    return token


def _explain(error: UnexpectedInput, file: str) -> str:
    wanted: Iterable[str] = ()
    got = "the end of the file"
    if isinstance(error, UnexpectedToken):
        wanted = error.accepts or error.expected
        got = "the end of the file" if error.token.type == "$END" else repr(str(error.token).split()[0])
    elif isinstance(error, UnexpectedCharacters):
        wanted, got = error.allowed or (), repr(error.char)
    names = sorted({EXPECTED.get(name, name.replace("_", " ").lower()) for name in wanted if name != "$END"})
    listed = ", ".join(names[:8]) or "nothing more"
    return f"{file}:{error.line}:{error.column}: wanted {listed}, got {got}"


class Attributes(dict[str, Token]):
    """What stands in braces."""


class Builder(Transformer[Token, Any]):
    """Turns the tree into blocks and types."""

    def __init__(self, file: str, comments: dict[int, str]) -> None:
        super().__init__()
        self.file, self.comments = file, comments
        self.blocks: list[Block] = []
        self.types: dict[str, Struct] = {}

    def place(self, token: Token) -> Place:
        """Where a token stands."""
        return Place(self.file, token.line or 0, token.column or 0)

    def attribute(self, parts: list[Token]) -> tuple[str, Token]:
        """Name and value."""
        return str(parts[0]), parts[2]

    def attributes(self, parts: list[tuple[str, Token]]) -> Attributes:
        """What stands in braces."""
        return Attributes((name.lower(), value) for name, value in parts)

    def ignored(self, _parts: list[Token]) -> None:
        """What says nothing of the layout."""
        return None

    def title(self, parts: list[Token]) -> tuple[str, str]:
        """The block's title."""
        return "title", parts[0].partition("=")[2].strip()

    def protected(self, _parts: list[Token]) -> tuple[str, str]:
        """The block hides its members."""
        return "protected", ""

    def block_name(self, parts: list[Token]) -> tuple[Token, int | None]:
        """A block's name, and its number where the source names it."""
        name = parts[0]
        if len(parts) == 2:
            return name, int(parts[1])
        number = name[2:] if name[:2].upper() == "DB" and name[2:].isdecimal() else ""
        return name, int(number) if number else None

    def body(self, parts: list[Any]) -> Any:
        """A block's members, or its PLC data type."""
        if isinstance(parts[0], Token):
            return Named(parts[0].strip('"'))
        return Struct(tuple(member for struct in parts for member in struct.members))

    def struct(self, parts: list[list[Member]]) -> Struct:
        """Members one after the other."""
        return Struct(tuple(member for members in parts for member in members))

    def name(self, parts: list[Any]) -> Token:
        """A member's name, its attributes left aside."""
        return parts[0]

    def member(self, parts: list[Any]) -> list[Member]:
        """One member per name."""
        names = [part for part in parts if isinstance(part, Token) and part.type in ("NAME", "QUOTED")]
        kind = next(part for part in parts if not isinstance(part, Token))
        start = next(
            (str(part).strip() for part in parts if isinstance(part, Token) and part.type == "VALUE"), ""
        )
        return [
            Member(name.strip('"'), kind, start, self.comments.get(name.line or 0, ""), self.place(name))
            for name in names
        ]

    def bounds(self, parts: list[Token]) -> tuple[int, int]:
        """Lower and upper bound of a dimension."""
        low, high = int(parts[0]), int(parts[2])
        if low > high:
            raise self.place(parts[0]).refuse(f"wanted lower bound <= upper bound, got {low}..{high}")
        return low, high

    def array(self, parts: list[Any]) -> Array:
        """Bounds and the elements' type."""
        return Array(tuple(parts[:-1]), parts[-1])

    def text(self, parts: list[Token]) -> Elementary:
        """A STRING or WSTRING; of 254 characters unless it says how many."""
        name = SPELLINGS[parts[0].lower()]
        return Elementary(name, int(parts[1]) if len(parts) > 1 else 254)

    def elementary(self, parts: list[Token]) -> Any:
        """A type without members."""
        name = SPELLINGS.get(parts[0].lower())
        if name is None:
            raise self.place(parts[0]).refuse(f"a {parts[0]} cannot be read over PUT/GET as number or text")
        return Elementary(name)

    def named(self, parts: list[Token]) -> Named:
        """A PLC data type."""
        return Named(parts[0].strip('"'))

    def inner(self, parts: list[Token]) -> str:
        """A step to a member."""
        return f".{parts[0]}"

    def index(self, parts: list[Token]) -> str:
        """A step to an element."""
        return f"[{','.join(str(int(part)) for part in parts)}]"

    def path(self, parts: list[Any]) -> str:
        """The path of a value."""
        return "".join(map(str, parts))

    def assignment(self, parts: list[Any]) -> tuple[str, str]:
        """A start value of BEGIN."""
        return parts[0], str(parts[2]).strip()

    def begin(self, parts: list[tuple[str, str]]) -> dict[str, str]:
        """The start values of BEGIN, by path."""
        return dict(parts)

    def udt(self, parts: list[Any]) -> None:
        """Note a PLC data type."""
        struct = next(part for part in parts if isinstance(part, Struct))
        self.types[parts[0].strip('"').lower()] = struct

    def data_block(self, parts: list[Any]) -> None:
        """Note a data block."""
        (name, number), *rest = parts
        place = self.place(name)
        given = [part for part in rest if part is not None]
        attributes = next((part for part in given if isinstance(part, Attributes)), Attributes())
        headers = dict(part for part in given if isinstance(part, tuple))
        kind = next(part for part in given if isinstance(part, Struct | Named))
        starts = given[-1] if type(given[-1]) is dict else {}
        if str(attributes.get("s7_optimized_access", "")).strip("'").upper() == "TRUE":
            raise place.refuse(
                f"{name}: a block with optimized access has no addresses; clear 'Optimized block access' in"
                " its properties, compile, download, and generate the source again"
            )
        if "protected" in headers:
            raise place.refuse(f"{name}: a protected block shows no members; generate it without protection")
        title = headers.get("title", "")
        self.blocks.append(Block(name.strip('"'), kind, number, title, starts, place))
