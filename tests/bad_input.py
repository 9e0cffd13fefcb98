"""What can be wrong with a cell, and what must be said about it."""

from __future__ import annotations

from typing import NamedTuple

TOML = """
[cell]
controller = "cell.py:Small"
twin = "twin.py:SmallTwin"
[links.plc]
url = "s7://127.0.0.1/0/1"
[params]
speed = 0.5
"""

CELL = """
from control import DONE, OUTSIDE, Bool, Cell, Command, DataBlock, Device, Int, Params, Robot, Sequence
from control import State, Step, device, reads, writes

class Status(DataBlock):
    ready = Bool("0.0")
    reset = Bool("0.1")
    start = Bool("0.2")
    level = Int("2", raw=(0, 1000), low=0.0, high=1.0, unit="m/s")

class Orders(DataBlock):
    run = Bool("0.0")
    speed = Int("2", low=0, high=100, unit="%")

class Work(Sequence["Small"]):
    def ready(self) -> bool:
        "the line to be ready"
        return self.cell.status.ready

    def never(self) -> bool:
        "the end"
        return False

    def begin(self) -> None:
        self.cell.orders.speed = 50

    steps = (
        Step("WAITING", to={"WORKING": ready}, limit=OUTSIDE),
        Step("WORKING", enter=begin, to={"WAITING": ready}, limit=2.0),
    )

class SmallParams(Params):
    speed: float = 1.0

class Small(Cell):
    params: SmallParams
    status = reads("plc", Status, db=1)
    orders = writes("plc", Orders, db=2)
    sequences = {State.EXECUTE: Work}
    buttons = {Command.RESET: Status.reset, Command.START: Status.start}
"""

TWIN = """
from plc_sim import Belt, Operator, Panel, Plc, Twin, button, switch
from .cell import Small

class SmallPanel(Panel):
    ready = switch(initial=True)
    reset = button()
    start = button()

class SmallTwin(Twin):
    belt = Belt(length=1.0)
    panel = SmallPanel()
    plc = Plc(
        panel.ready >> Small.status.ready,
        belt.speed_actual >> Small.status.level,
        panel.reset >> Small.status.reset,
        panel.start >> Small.status.start,
        Small.orders.run >> belt.run,
        reset=panel.reset,
    )
"""

FILES = {"cell.toml": TOML, "cell.py": CELL, "twin.py": TWIN}
CHECK = "check small/cell.toml"
SIM = "sim small/cell.toml --seconds 1"


class Bad(NamedTuple):
    """One thing that is wrong: the change of a file of the good cell, the command, and what must be said."""

    file: str
    old: str
    new: str
    line: str
    words: tuple[str, ...]
    status: int = 2
    also: tuple[str, str] = ("", "")
    """What changes in cell.toml besides."""


def toml(old: str, new: str, *words: str) -> Bad:
    return Bad("cell.toml", old, new, CHECK, words)


def cell(old: str, new: str, *words: str) -> Bad:
    return Bad("cell.py", old, new, CHECK, words)


def twin(old: str, new: str, *words: str) -> Bad:
    return Bad("twin.py", old, new, SIM, words)


def line(text: str, *words: str, status: int = 2) -> Bad:
    return Bad("", "", "", text, words, status)


def scenario(text: str, *words: str) -> Bad:
    return Bad("night.toml", "", text, f"{SIM} --scenario small/night.toml", ("night.toml", *words))


URL = 'url = "s7://127.0.0.1/0/1"'
MELFA = 'driver = "melfa"\nmodel = "RV-6S"'

NOBODY = "nobody there"
"""The one that needs the network."""

BAD: dict[str, Bad] = {
    "unknown key": toml("[cell]", "[cell]\ncontroler = 1", "cell.controler", "did you mean 'controller'?"),
    "two wrong keys": toml(
        "[cell]", "[cell]\ncontroler = 1\nteam = 2",
        "unknown key 'cell.controler'", "; small/cell.toml: unknown key 'cell.team'",
    ),
    "unknown table": toml("[params]", "[parms]", "'parms'", "did you mean 'params'?"),
    "missing key": toml(URL, "", "links.plc.url is missing"),
    "no links": toml(f"[links.plc]\n{URL}\n", "", "links is missing"),
    "not TOML": toml("[cell]", "[cell", "cell.toml: not TOML: ", "line 2"),
    "unknown scheme": toml("s7:", "s9:", "links.plc.url", "unknown scheme 's9'", "s7"),
    "no host": toml("s7://127.0.0.1/0/1", "s7://", "links.plc", "s7://"),
    "wrong rack": toml("/0/1", "/zero/1", "links.plc", "zero"),
    "device without driver": toml("s7:", "serial:", "links.plc.url", "wanted a driver="),
    "driver on a PLC": toml(URL, f'{URL}\ndriver = "melfa"', "links.plc.url", "wanted serial:// or socket://"),
    "wrong parity": toml(
        "[params]", f'[links.robot]\nurl = "serial:///dev/null?parity="\n{MELFA}\n[params]',
        "links.robot", "parity: wanted N, E, O, M, S, got ''",
    ),
    "unknown driver": toml(URL, 'url = "serial:///dev/null"\ndriver = "melfi"', "did you mean 'melfa'?"),
    "unknown model": toml(
        "[params]", '[links.robot]\nurl = "serial:///dev/null"\ndriver = "melfa"\nmodel = "RV-9"\n[params]',
        "links.robot", "no robot 'RV-9'", "RV-6S",
    ),
    "unknown option": toml(
        "[params]", f'[links.robot]\nurl = "serial:///dev/null?baud=9600"\n{MELFA}\n[params]',
        "links.robot", "unknown option 'baud'", "baudrate",
    ),
    "wrong option": toml(
        "[params]", f'[links.robot]\nurl = "serial:///dev/null?baudrate=fast"\n{MELFA}\n[params]',
        "links.robot", "baudrate: wanted int, got 'fast'",
    ),
    "no baud rate": toml(
        "[params]", f'[links.robot]\nurl = "serial:///dev/null?baudrate=0"\n{MELFA}\n[params]',
        "links.robot", "baudrate", "0",
    ),
    "slow line": toml(
        "[params]", f'[links.robot]\nurl = "serial:///dev/null?baudrate=300"\n{MELFA}\n[params]',
        "links.robot", "Raise the baud rate",
    ),
    "unused link": toml(
        "[params]", f'[links.spare]\nurl = "serial:///dev/null?baudrate=38400"\n{MELFA}\n[params]',
        "links.spare", "nothing in the cell uses it"),
    "wrong life word": toml(URL, f'{URL}\nlife = "DB2"', "links.plc.life", "DB11.DBW0", "got 'DB2'"),
    "life word over a tag": toml(URL, f'{URL}\nlife = "DB2.DBW2"', "links.plc.life", "DB2"),
    "cycle of nan": toml(URL, f"{URL}\ncycle = nan", "links.plc.cycle", "got nan"),
    "cycle of inf": toml(URL, f"{URL}\ncycle = inf", "links.plc.cycle", "got inf"),
    "cycle of zero": toml(URL, f"{URL}\ncycle = 0", "links.plc.cycle", "greater than 0", "got 0"),
    "cycle of text": toml(URL, f'{URL}\ncycle = "fast"', "links.plc.cycle", "number", "got 'fast'"),
    "cycle of bool": toml(URL, f"{URL}\ncycle = true", "links.plc.cycle", "got True"),
    "wrong link name": toml("links.plc", "links.pcl", "no [links.plc]", "did you mean 'pcl'?"),
    "params of text": toml("speed = 0.5", 'speed = "fast"', "[params]: speed", "number", "got 'fast'"),
    "params of bool": toml("speed = 0.5", "speed = true", "[params]: speed", "got True"),
    "params of number text": toml("speed = 0.5", 'speed = "0.5"', "[params]: speed", "got '0.5'"),
    "params of nan": toml("speed = 0.5", "speed = nan", "[params]: speed", "finite", "got nan"),
    "params of inf": toml("speed = 0.5", "speed = -inf", "[params]: speed", "finite", "got -inf"),
    "unknown param": toml("speed", "sped", "[params]", "unknown key 'sped'", "did you mean 'speed'?"),
    "no such file": toml("cell.py:", "cel.py:", "cel.py: no such file"),
    "no such class": toml(":Small\"", ":Smal\"", "cell.py has no Smal", "did you mean 'Small'?"),
    "no class": toml("cell.py:Small", "cell.py:Status", "cell.controller", "wanted a Cell class"),
    "file beyond the folder": toml("cell.py:Small", "../cell.py:Small", "../cell.py"),
    "overlapping tags": cell('level = Int("2"', 'level = Int("0"', "cell.py:", "level (Int) overlaps ready"),
    "two writers": cell(
        "    sequences =", '    more = writes("plc", Orders, db=2)\n    sequences =',
        "cell.py:", "more", "orders", "DB2",
    ),
    "wrong bit": cell('Bool("0.0")', 'Bool("0.8")', "cell.py:", "ready: wanted an address", "got '0.8'"),
    "misspelt guard": cell(
        '{"WORKING": ready}', '{"WORKING": "redy"}', "cell.py:", "Work", "redy", "did you mean 'ready'?"
    ),
    "misspelt step": cell('{"WORKING": ready}', '{"WORKNG": ready}', "cell.py:", "did you mean 'WORKING'?"),
    "unreachable step": cell(
        "limit=2.0),", "limit=2.0), Step('LOST', to={DONE: ready}, limit=1.0),", "cell.py:", "LOST"
    ),
    "step without a bound": cell(", limit=2.0", "", "cell.py:", "Work", "WORKING", "limit"),
    "step bound of nan": cell("limit=2.0", "limit=float('nan')", "cell.py:", "WORKING", "nan"),
    "step bound of inf": cell("limit=2.0", "limit=float('inf')", "cell.py:", "WORKING", "inf"),
    "misspelt tag": cell("Status.start", "Status.strat", "cell.py:", "strat", "did you mean 'start'?"),
    "period of nan": cell("    params:", "    period = float('nan')\n    params:", "period", "nan"),
    "period of zero": cell("    params:", "    period = 0\n    params:", "cell.py:", "period", "0"),
    "wrong driver": cell(
        "    sequences =", '    robot = device("plc", Robot)\n    sequences =', "links.plc", "DeviceLink"
    ),
    "another device than the cell wants": Bad(
        "cell.py", "class Small(Cell):",
        "class Gauge(Device): pass\n\nclass Small(Cell):\n    gauge = device('robot', Gauge)",
        "check small/cell.toml", ("links.robot", "the cell wants a Gauge, got Melfa"),
        also=("[params]", f'[links.robot]\nurl = "serial:///dev/null?baudrate=38400"\n{MELFA}\n[params]'),
    ),
    "syntax error": cell("class Small(Cell):", "class Small(Cell:", "cell.py:", "SyntaxError"),
    "unknown name": cell('Int("2"', 'Interger("2"', "cell.py:9", "NameError", "Interger"),
    "exit in the cell": cell("class Status", "raise SystemExit(0)\nclass Status", "cell.py:5", "SystemExit"),
    "several lines": cell(
        "class Status", "raise ValueError('one\\ntwo')\nclass Status", "cell.py:5", "ValueError: one; two"
    ),
    "missing module": cell("class Status", "import no_such\nclass Status", "cell.py:5", "no_such"),
    "the cell imports the twin": cell(
        "class Status", "from plc_sim import Belt\nclass Status", "cell.py:5", "plc_sim", "control"
    ),
    "the cell imports the bench": cell(
        "class Status", "def late() -> None:\n    import hil.bench\nclass Status", "cell.py:6", "hil"
    ),
    "the cell imports its twin": cell(
        "class Status", "def late() -> None:\n    from .twin import SmallTwin\nclass Status",
        "twin.py:2: cell.py imports plc_sim",
    ),
    "no twin": Bad("cell.toml", 'twin = "twin.py:SmallTwin"', "", SIM, ("cell.toml", "cell.twin is missing")),
    "wrong twin": Bad("cell.toml", ":SmallTwin", ":Small", SIM, ("cell.twin", "wanted a Twin class")),
    "twin without a PLC": twin("    plc = Plc(", "    cpl = Plc(", "twin.py:", "SmallTwin", "plc = Plc("),
    "misspelt signal": twin("belt.run", "belt.rnu", "twin.py:", "rnu", "did you mean 'run'?"),
    "broken twin": twin("length=1.0", "length=-1.0", "belt.length", "more than 0 m", "-1"),
    "check of a broken twin": Bad(
        "twin.py", "length=1.0", "length=-1.0", CHECK, ("belt.length", "more than 0 m", "-1")
    ),
    "no toml": line("check small/sell.toml", "small/sell.toml: no such file"),
    "toml is a folder": line("check small", "small is a folder", "small/cell.toml"),
    "sim of nothing": line("sim nowhere.toml", "nowhere.toml: no such file"),
    "set without value": line(f"{SIM} --set belt.speed", "--set: wanted NAME=NUMBER, got 'belt.speed'"),
    "set of text": line(f"{SIM} --set belt.speed=fast", "--set: wanted NAME=NUMBER, got 'belt.speed=fast'"),
    "set of nan": line(f"{SIM} --set belt.speed=nan", "belt.speed", "nan"),
    "set of inf": line(f"{SIM} --set belt.speed=inf", "belt.speed", "inf"),
    "set below the range": line(f"{SIM} --set belt.speed=-1", "belt.speed", "-1"),
    "set of a wrong component": line(f"{SIM} --set bolt.speed=1", "bolt.speed", "did you mean 'belt.speed'?"),
    "set of a wrong field": line(f"{SIM} --set belt.sped=1", "sped", "speed"),
    "set of a component": line(f"{SIM} --set belt=1", "belt"),
    "no seconds": line("sim small/cell.toml --seconds 0", "--seconds", "0"),
    "nan seconds": line("sim small/cell.toml --seconds nan", "--seconds", "nan"),
    "infinite seconds": line("sim small/cell.toml --seconds inf", "--seconds", "inf"),
    "seed of text": line(f"{SIM} --seed x", "--seed", "'x'"),
    "no such scenario": line(f"{SIM} --scenario nigth", "scenario", "production", "quiet", "got 'nigth'"),
    "scenario not TOML": scenario("disturbances = [", "cannot be read"),
    "scenario of a wrong key": scenario("disturbance = []", "unknown key 'disturbance'", "disturbances"),
    "scenario of a wrong operator": scenario('operator = "sleeps"', "operator: no 'sleeps'", "starts"),
    "scenario of no list": scenario("disturbances = 3", "disturbances", "array", "got 3"),
    "disturbance without kind": scenario("disturbances = [{at = 1.0}]", "disturbances.0", "kind"),
    "disturbance of a wrong kind": scenario(
        'disturbances = [{at = 1.0, kind = "opne"}]', ".0", "no kind 'opne'", "did you mean 'open'?"
    ),
    "disturbance of a wrong key": scenario(
        'disturbances = [{at = 1.0, kind = "open", till = 2.0}]', "unknown key 'disturbances.0.till'"
    ),
    "disturbance at text": scenario(
        'disturbances = [{at = "noon", kind = "plc_stop"}]', "disturbances.0", "at", "'noon'"
    ),
    "disturbance at nan": scenario(
        'disturbances = [{at = nan, kind = "plc_stop"}]', "disturbances.0", "at", "nan"
    ),
    "disturbance before the start": scenario(
        'disturbances = [{at = -1.0, kind = "plc_stop"}]', "disturbances.0", "at", "-1"
    ),
    "disturbance of a number as target": scenario(
        'disturbances = [{at = 1.0, kind = "press", target = 7}]', "disturbances.0", "target", "7"
    ),
    "disturbance of a wrong target": Bad(
        "night.toml", "", 'disturbances = [{at = 1.0, kind = "press", target = "panel.rest"}]',
        f"{SIM} --scenario small/night.toml", ("press", "'panel.rest'", "did you mean 'panel.reset'?"),
    ),
    "scenario of a list": Bad(
        "night.json", "", "[]",
        f"{SIM} --scenario small/night.json", ("night.json: the whole: input should be an",)
    ),
    "no record": line("replay small/record.jsonl", "small/record.jsonl", "not a record"),
    "no links file": line("run small/cell.toml --links small/serve.toml", "small/serve.toml: no such file"),
    NOBODY: Bad(
        "cell.toml", "127.0.0.1/", "127.0.0.1:1/",
        "run small/cell.toml --no-record --seconds 1", ("127.0.0.1:1", "connection refused"), status=3,
    ),
    "no state": line("status small/cell.toml", "small/state/status.json: no status"),
    "nothing to test": line("test small/sell.toml", "small/sell.toml: no such file"),
    "name taken": line("new small", "small exists already"),
    "no name": line("new 1cell", "'1cell'", "wanted a name"),
    "bench of nothing": line("bench small/sell.toml", "small/sell.toml: no such file"),
    "served where it cannot be written": line(
        "serve small/cell.toml --seconds 1 --links nowhere/serve.toml",
        "nowhere/serve.toml", "cannot be written"
    ),
}  # fmt: skip

FAULTS: dict[str, tuple[str, str, str]] = {
    "tag out of range": (
        "speed = 50", "speed = 500",
        "ValueRefused: orders.speed (Int): wanted 0 to 100 %, got 500 (cell.py:25"
    ),
    "not a number": ("speed = 50", "speed = float('nan')", "ValueRefused: orders.speed (Int): wanted"),
    "wrong type": ("speed = 50", "speed = 'fast'", "ValueRefused: orders.speed (Int): wanted"),
    "misspelt tag": (
        "orders.speed =", "orders.sped =", "has no tag 'sped'; did you mean 'speed'? (cell.py:25",
    ),
    "written by the PLC": ("orders.speed = 50", "status.ready = True", "status.ready"),
    "undeclared in a sequence": ("self.cell.orders.speed =", "self.counter =", "Work.counter"),
    "undeclared in the cell": ("self.cell.orders.speed", "self.cell.counter", "Small.counter"),
    "an error of the logic": ("speed = 50", "speed = 1 // 0", "ZeroDivisionError: integer division"),
    "a limit that passes": ('{"WAITING": ready}', '{"WAITING": never}', "waiting for the end for 2.0 s"),
}  # fmt: skip
"""What is wrong with the logic, and the alarm."""
