"""The fast path of `transitions`: the same machine, fired from a table of resolved functions.

A step table or the PackML table becomes a flat `transitions.Machine`, which stays the definition: checks,
diagrams and introspection use it. Its event class is replaced by `TableEvent`, which resolves guards and
callbacks once per class instead of once per firing. The stock event class is the oracle the tests hold it
against.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from transitions import Event, Machine, Transition

from control.errors import DefinitionError
from control.shared import Shared

logging.getLogger("transitions").setLevel(logging.ERROR)

Action = Callable[[Any], Any]
Row = tuple[Action, tuple[Action, ...], str, tuple[Action, ...]]
"""Guard, what is done before, the state it leads to, what is done after."""


class TableEvent(Event, Shared):
    """An event whose rows are resolved against the model's class at the first firing."""

    rows: dict[str, tuple[Row, ...]] | None = None
    attribute = "state"
    assign: Callable[[Any, str], None]

    def trigger(self, model: Any, *args: Any, **kwargs: Any) -> bool:
        """Fire the first row of the model's state whose guards all hold. Whether one did."""
        rows = self.rows or self.compile(type(model))
        for guard, before, dest, after in rows.get(getattr(model, self.attribute), ()):
            if guard(model):
                for action in before:
                    action(model)
                self.assign(model, dest)
                for action in after:
                    action(model)
                return True
        return False

    def compile(self, model_class: type) -> dict[str, tuple[Row, ...]]:
        """Resolve every name of this event's transitions on the model's class."""
        self.attribute = self.machine.model_attribute
        self.assign = setter(model_class, self.attribute)
        self.rows = {
            source: tuple(self._row(transition, model_class) for transition in transitions)
            for source, transitions in self.transitions.items()
        }
        return self.rows

    def _row(self, transition: Transition, model_class: type) -> Row:
        machine, source = self.machine, self.machine.get_state(transition.source)
        target = str(transition.dest)
        dest = machine.get_state(target)
        guards = resolve([c.func for c in transition.conditions if c.target], model_class)
        if any(not c.target for c in transition.conditions) or transition.prepare or dest.final:
            raise DefinitionError(
                f"{model_class.__name__}: `unless`, `prepare` and `final` are not used in step tables"
            )
        before = resolve([*machine.before_state_change, *transition.before, *source.on_exit], model_class)
        after = resolve([*dest.on_enter, *transition.after, *machine.after_state_change], model_class)
        return conjunction(guards), before, target, after


def conjunction(guards: tuple[Action, ...]) -> Action:
    """Whether all of these hold, tried in order."""
    return guards[0] if len(guards) == 1 else lambda model: all(guard(model) for guard in guards)


def setter(model_class: type, attribute: str) -> Callable[[Any, str], None]:
    """What sets the state of a model."""
    member = getattr(model_class, attribute, None)
    if isinstance(member, property) and member.fset is not None:
        return member.fset
    return lambda model, value: setattr(model, attribute, value)


class StepMachine(Machine, Shared):
    """A flat machine with the fast path, as this project builds all of its machines."""

    event_cls = TableEvent


def resolve(names: Sequence[Any], model_class: type) -> tuple[Action, ...]:
    """The functions of these names on a class."""
    return tuple(getattr(model_class, name) for name in names)


def build(
    states: list[dict[str, Any]],
    transitions: list[dict[str, Any]],
    *,
    attribute: str,
    kind: type[Machine] = StepMachine,
) -> Machine:
    """A machine without models, shared by every object of one class."""
    return kind(
        model=None,
        states=states,
        transitions=transitions,
        initial=states[0]["name"],
        auto_transitions=False,
        queued=False,
        send_event=False,
        ignore_invalid_triggers=True,
        model_attribute=attribute,
        model_override=True,
    )
