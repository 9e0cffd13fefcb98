"""Cellwright's controller side: what a cell is written with, and what runs it on a cell PC."""

from control import rules
from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.controller import Program
from control.device import Device, Handle, Motion, device, field
from control.errors import (
    CellwrightError,
    ConfigurationError,
    ConnectError,
    DefinitionError,
    LinkError,
    ProtocolError,
    UndeclaredState,
    UsageError,
    ValueRefused,
)
from control.handshake import Handshake, Signals, handshake_steps
from control.interlock import Alarm, Interlock, Trip
from control.moment import DTL, LDT, Date, DateAndTime, LTime, LTimeOfDay, S5Time, Time, TimeOfDay
from control.packml import Command, State
from control.params import Params
from control.property import Property
from control.robot import GroupState, Pose, Robot
from control.run import run
from control.sequence import Sequence
from control.stack_light import Light, StackLight, stack_light
from control.state import Var
from control.step import DONE, FIRST, KEEP, OUTSIDE, Step
from control.tag import (
    Bool,
    Byte,
    DInt,
    DWord,
    Int,
    LInt,
    LReal,
    LWord,
    Real,
    SInt,
    UDInt,
    UInt,
    ULInt,
    USInt,
    Word,
)
from control.text import Char, String, WChar, WString
from control.timer import F_TRIG, R_TRIG, TOF, TON, TP
from control.wiring import Wiring

__all__ = [
    "Alarm",
    "Bool",
    "Byte",
    "Cell",
    "CellwrightError",
    "Char",
    "Command",
    "ConfigurationError",
    "ConnectError",
    "DInt",
    "DONE",
    "DTL",
    "DWord",
    "DataBlock",
    "Date",
    "DateAndTime",
    "DefinitionError",
    "Device",
    "FIRST",
    "F_TRIG",
    "GroupState",
    "Handle",
    "Handshake",
    "Int",
    "Interlock",
    "KEEP",
    "LDT",
    "LInt",
    "LReal",
    "LTime",
    "LTimeOfDay",
    "LWord",
    "Light",
    "LinkError",
    "Motion",
    "OUTSIDE",
    "Params",
    "Pose",
    "Program",
    "Property",
    "ProtocolError",
    "R_TRIG",
    "Real",
    "Robot",
    "S5Time",
    "SInt",
    "Sequence",
    "Signals",
    "StackLight",
    "State",
    "Step",
    "String",
    "TOF",
    "TON",
    "TP",
    "Time",
    "TimeOfDay",
    "Trip",
    "UDInt",
    "UInt",
    "ULInt",
    "USInt",
    "UndeclaredState",
    "UsageError",
    "ValueRefused",
    "Var",
    "WChar",
    "WString",
    "Wiring",
    "Word",
    "device",
    "field",
    "handshake_steps",
    "reads",
    "rules",
    "run",
    "stack_light",
    "writes",
]
