"""A language of a dozen words, the plans for it, and what the server is sent in a text's place.

A text is statements with semicolons between and a number that no other has: ``rows:3; fail #17``.
`Plans` says what may be sent as the planner would; `proxy.session` cannot tell the difference.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from proxy.names import PrincipalName, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.law import Match, Principal, PrincipalKind
from proxy.policy.permit import Permit
from proxy.session.plan import (
    DropPortal,
    DropPortals,
    DropStatement,
    Effect,
    Namespace,
    OpenCursor,
    Plan,
    PrepareStatement,
    ResetSearchPath,
    Scene,
    SetSearchPath,
    Timing,
    Use,
)
from proxy.session.session import Opened
from proxy.statement.commands import TransactionControl

NONCE: Final = b"0123456789abcdef0123456789abcdef"
POISON: Final = b'"fengcun_refused_' + NONCE + b'"'
POISON_NAME: Final = b"fengcun_refused_" + NONCE
PRINCIPAL: Final = Principal(PrincipalName("tester"), PrincipalKind.UNIT, (Match(user="app"),))
OPENED: Final = Opened(PRINCIPAL, "app", ("pg_catalog", "public"), "utf-8")
RULE: Final = RuleName("by-plan")

_CLASSES: Final = {
    "write": StatementClass.INSERT,
    "late": StatementClass.INSERT,
    "copyin": StatementClass.COPY,
    "copyout": StatementClass.COPY,
    "declare": StatementClass.CURSOR,
    "held": StatementClass.CURSOR,
    "fetch": StatementClass.CURSOR,
    "close": StatementClass.CURSOR,
    "prepare": StatementClass.PREPARE,
    "run": StatementClass.EXECUTE,
    "path": StatementClass.SESSION,
    "encoding": StatementClass.SESSION,
    "discard": StatementClass.SESSION,
    "deallocate": StatementClass.SESSION,
    "ddl": StatementClass.DDL,
}
CONTROL: Final = {
    "begin": "BEGIN",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
    "save": "SAVEPOINT",
    "back": "ROLLBACK_TO",
    "release": "RELEASE",
}
SESSION_WORDS: Final = frozenset({"path", "encoding", "discard", "ddl"})
"""What is refused inside a transaction."""
_FIRST: Final = frozenset({"write", "late", "copyin", "ddl"})
_SETTLES: Final = frozenset({"path", "encoding", "discard", "ddl", "deallocate"})
_TURNS: Final = frozenset({"path", "encoding", "discard"})
_LATE: Final = frozenset({"prepare", "run", "copyin", "copyout", "ddl"})
SEALED: Final = "sealed-"
"""Before a word: it touches what is protected, and is sent with `VISIBLE` instead."""
VISIBLE: Final = "visible-"
MOVED: Final = "moved"
"""Sent with the generation of the plans: a prepared one is stale after a change."""
SHIFTY: Final = "shifty"
"""Refused by every other generation of the plans."""


@dataclass(frozen=True, slots=True)
class Word:
    """One statement: ``sealed-rows:3`` is `name` rows, `arguments` 3, `guarded`."""

    name: str
    arguments: tuple[str, ...]
    guarded: bool


def words(text: str) -> list[Word]:
    """The statements of a text, as client or server see it."""
    found = []
    for statement in text.partition("#")[0].split(";"):
        said = statement.strip()
        if said:
            guarded = said.startswith((SEALED, VISIBLE))
            name, *arguments = said.removeprefix(SEALED).removeprefix(VISIBLE).split(":")
            found.append(Word(name, tuple(arguments), guarded))
    return found


def is_first(word: Word) -> bool:
    """It may be sent only after its record is durable."""
    return word.name in _FIRST


def _sent(text: str, generation: int) -> str:
    return text.replace(SEALED, VISIBLE).replace(MOVED, f"{MOVED}:{generation}")


def _class(word: Word) -> StatementClass:
    if word.name in CONTROL:
        return StatementClass.TRANSACTION
    return _CLASSES.get(word.name, StatementClass.SELECT)


def _refused(word: Word, generation: int, scene: Scene) -> bool:
    if not all(map(str.isascii, word.arguments)):
        return True
    if word.name in SESSION_WORDS:
        return scene.in_transaction
    return word.name == "bad" or (word.name == SHIFTY and generation % 2 == 1)


def _effects(word: Word) -> tuple[Effect, ...]:
    match word:
        case Word(name="path", arguments=(schema,)):
            return (SetSearchPath((schema,)),)
        case Word(name="discard"):
            return (ResetSearchPath(), DropStatement(None), DropPortals())
        case Word(name="deallocate", arguments=(name,)):
            return (DropStatement(name),)
        case Word(name="close", arguments=(name,)):
            return (DropPortal(name),)
        case Word(name=name, arguments=arguments) if name in CONTROL and name != "begin":
            return (TransactionControl(CONTROL[name], *arguments[:1]),)
        case _:
            return ()


def make_plan(text: str, scene: Scene, generation: int) -> Plan:
    """What `proxy.session.planner` would make of the text if it knew the language."""
    said = words(text)
    if not said:
        return Plan(Decision(Verdict.PASS, RULE, None, "", StatementClass.EMPTY), text)
    guarded = any(word.guarded for word in said)
    verdict = Verdict.STRIP if guarded else Verdict.PASS
    own_class = _class(said[0]) if len(said) == 1 else StatementClass.MULTIPLE
    decision = Decision(verdict, RULE, None, "refused by its plan", own_class)
    if any(_refused(word, generation, scene) for word in said):
        return Plan(replace(decision, verdict=Verdict.REFUSE), None)
    names = {word.name for word in said}
    timing = Timing.FIRST if names & _FIRST else Timing.WITH
    plan = Plan(
        decision,
        _sent(text, generation),
        timing,
        effects=tuple(effect for word in said for effect in _effects(word)),
        settle=bool(names & _SETTLES),
        turns=bool(names & _TURNS),
        guarded=guarded or "ddl" in names,
        late=bool(names & _LATE),
        copies_in="copyin" in names,
    )
    return _with_names(plan, said[0])


def _with_names(plan: Plan, word: Word) -> Plan:
    match word:
        case Word(name="declare" | "held" as name, arguments=(cursor, _)):
            bare = replace(plan, text="")
            return replace(plan, defines=(OpenCursor(cursor, bare, name == "held"),))
        case Word(name="fetch", arguments=(cursor, _)):
            return replace(plan, uses=(Use(Namespace.PORTAL, cursor),))
        case Word(name="prepare", arguments=(name, _)):
            ran = replace(plan.decision, statement_class=StatementClass.EXECUTE)
            inner = Plan(ran, "", Timing.WITH, guarded=plan.guarded)
            return replace(plan, defines=(PrepareStatement(name, inner),))
        case Word(name="run", arguments=(name,)):
            return replace(plan, uses=(Use(Namespace.STATEMENT, name),))
        case _:
            return plan


@dataclass(slots=True)
class Plans:
    """Plans of one generation. A text whose number is a multiple of `slow_every` has to be asked
    for."""

    generation: int
    slow_every: int = 3
    misread: frozenset[str] = frozenset()
    used_up: frozenset[Permit] = frozenset()

    def permits(self, principal: PrincipalName) -> tuple[Permit, ...]:
        return ()

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None:
        raise AssertionError("nobody has a permit")

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        number = text.rpartition("#")[2]
        if self.slow_every and number.isdigit() and int(number) % self.slow_every == 0:
            return None
        return make_plan(text, scene, self.generation)
