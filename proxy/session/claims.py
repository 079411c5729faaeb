"""What a session says about who asks, by settings that the server keeps for it: follows SET, SET
LOCAL, RESET, transactions and savepoints by the server's answers, as guc.c has it.

A SET lasts unless its transaction is undone. A SET LOCAL lasts to the end of the transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from proxy.names import CASE_SETTING, OPERATOR_SETTING
from proxy.policy.attribution import Said
from proxy.session.plan import Effect, Plan, ResetClaims
from proxy.session.savepoints import FollowsTransaction
from proxy.statement.claims import Claim
from proxy.statement.commands import TransactionControl
from proxy.statement.tags import UNREADABLE
from proxy.wire.postgres.encoding import decode_exactly
from proxy.wire.postgres.frontend import decode_parameters


@dataclass(frozen=True, slots=True)
class _Value:
    """``local`` hides ``lasting`` until the transaction ends."""

    lasting: str = ""
    local: str | None = None

    @property
    def current(self) -> str:
        return self.lasting if self.local is None else self.local


_State = dict[str, _Value]
"""By the name of the setting; replaced as a whole, so that an earlier one can be kept."""

_FORGOTTEN: Final[_State] = {name: _Value(UNREADABLE) for name in (OPERATOR_SETTING, CASE_SETTING)}


class Claims(FollowsTransaction[_State]):
    """``first`` is what was said when the session began, which RESET goes back to."""

    def __init__(self, first: Said) -> None:
        super().__init__()
        self._about = replace(first, operators=(), cases=())
        self._first: _State = {
            OPERATOR_SETTING: _Value("".join(first.operators)),
            CASE_SETTING: _Value("".join(first.cases)),
        }
        self._state = self._before = self._first

    def named(self, application_name: str) -> None:
        """The server has told of a new application_name."""
        self._about = replace(self._about, application_name=application_name)

    def said(self, plan: Plan, values: bytes | None, codec: str) -> Said:
        """About what a plan does. Where it changes settings itself before it does anything else,
        the new ones count; else all that hold while it runs."""
        states = [self._state]
        for effect in plan.effects if plan.claims else ():
            states.append(self._changed(states[-1], effect, values, codec))
        if plan.claims_first:
            del states[:-1]
        return replace(
            self._about,
            operators=tuple(state[OPERATOR_SETTING].current for state in states),
            cases=tuple(state[CASE_SETTING].current for state in states),
            tags=plan.tags,
        )

    def apply(self, effect: Claim | ResetClaims, values: bytes | None, codec: str) -> None:
        """The server has done it; ``values`` is the tail of its Bind."""
        self._state = self._changed(self._state, effect, values, codec)

    def _changed(self, state: _State, effect: Effect, values: bytes | None, codec: str) -> _State:
        match effect:
            case ResetClaims():
                return self._first
            case Claim(name=name, local=local):
                value = _given(effect, values, codec)
                value = self._first[name].lasting if value is None else value
                old = state[name]
                return {**state, name: _Value(old.lasting, value) if local else _Value(value)}
            case _:
                return state

    def failed(self, effects: Collection[Effect]) -> None:
        """A text of several statements failed, nobody knows at which: a COMMIT in it may have kept
        what it said before."""
        sets = any(isinstance(each, Claim | ResetClaims) for each in effects)
        if sets and any(isinstance(each, TransactionControl) for each in effects):
            self._state = self._before = _FORGOTTEN

    def end_transaction(self, *, committed: bool) -> None:
        """COMMIT, ROLLBACK, or the end of what ran outside a transaction block."""
        if not committed:
            self._state = self._before
        elif any(value.local is not None for value in self._state.values()):
            self._state = {name: _Value(value.lasting) for name, value in self._state.items()}
        self._before = self._state
        self._savepoints.clear()

    def _stands(self) -> _State:
        return self._state

    def _go_back(self, stood: _State) -> None:
        self._state = stood

    def _forget(self) -> None:
        self._state = _FORGOTTEN


def _given(claim: Claim, values: bytes | None, codec: str) -> str | None:
    """The value; None for what the session began with, as set_config has it for NULL."""
    if claim.parameter is None:
        return claim.value
    bound = decode_parameters(values).values if values is not None else ()
    if not 0 < claim.parameter <= len(bound):
        return UNREADABLE
    # A text is the same bytes in text and in binary format.
    raw = bound[claim.parameter - 1]
    return None if raw is None else decode_exactly(raw, codec) or ("" if not raw else UNREADABLE)
