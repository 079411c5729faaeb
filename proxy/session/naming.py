"""What a text gives names to, and which names it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proxy.policy.decision import StatementClass
from proxy.session.plan import (
    Definition,
    Namespace,
    OpenCursor,
    Plan,
    PrepareStatement,
    Use,
)
from proxy.statement.commands import (
    CloseCursor,
    Declare,
    Execute,
    Fetch,
    Prepare,
    TransactionControl,
    command,
)
from proxy.statement.facts import Facts

_ENDINGS = ("COMMIT", "ROLLBACK", "ROLLBACK_TO")


def defines(statements: Iterable[tuple[Facts, Plan]]) -> tuple[Definition, ...]:
    """The meaning that each name has when the text is over, with the plan for running it."""
    found: dict[str, Definition] = {}
    for facts, plan in statements:
        match command(facts):
            case Declare(name=name, held=held):
                found[name] = OpenCursor(name, plan, held)
            case CloseCursor(name=None):
                found.clear()
            case CloseCursor(name=str() as name):
                found.pop(name, None)
            case TransactionControl(kind=kind) if kind in _ENDINGS:
                found = {n: d for n, d in found.items() if kind == "COMMIT" and _is_held(d)}
            case Prepare(name=name):
                ran = replace(plan.decision, statement_class=StatementClass.EXECUTE)
                found[name] = PrepareStatement(name, replace(plan, decision=ran))
            case _:
                pass
    return tuple(found.values())


def uses(statements: Iterable[Facts]) -> tuple[Use, ...]:
    """The names it runs that it has not declared itself before, each once.

    Its own cursors are part of the text's own decision: a DECLARE of a name that is taken fails,
    and the text with it.
    """
    found: dict[Use, None] = {}
    declared: set[str] = set()
    closed: set[str] = set()
    ended = False
    for facts in statements:
        match command(facts):
            case Declare(name=name):
                declared.add(name)
            case CloseCursor(name=str() as name):
                declared.discard(name)
                closed.add(name)
            case CloseCursor(name=None):
                declared.clear()
                ended = True
            case TransactionControl(kind=kind) if kind in _ENDINGS:
                declared.clear()
                ended = True
            case Fetch(name=name) if name not in declared:
                found[Use(Namespace.PORTAL, name, ended or name in closed)] = None
            case Execute(name=name):
                found[Use(Namespace.STATEMENT, name)] = None
            case _:
                pass
    return tuple(found)


def _is_held(definition: Definition) -> bool:
    return isinstance(definition, OpenCursor) and definition.held
