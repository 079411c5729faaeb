"""A text of the client -> what may be sent for it, as things are at this point of the session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

from proxy.names import PrincipalName
from proxy.policy.attribution import Attribution
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.permit import SCOPES_OF, Permit, Scope
from proxy.session import refusals
from proxy.session.commands import Analyse
from proxy.session.mirror import Mirror
from proxy.session.names import Portal, Statement
from proxy.session.passing import UNJUDGED
from proxy.session.plan import Effect, Plan, Scene
from proxy.statement.temporary import MakeTemporary
from proxy.wire.postgres.encoding import decode_exactly, encode_exactly

_TRANSACTION = StatementClass.TRANSACTION


class Plans(Protocol):
    """Where plans come from; one policy and one catalogue at a time.

    `generation` changes whenever either does. `lookup` takes microseconds or gives up. `misread`
    are the codecs of the encodings that the database reads otherwise than we do. `permits` are
    those of a principal that are in force at this moment, whoever they are bound to, in one order;
    `used_up` are those that have no use left, and `use_up` says so of more.
    """

    @property
    def generation(self) -> int: ...

    @property
    def misread(self) -> frozenset[str]: ...

    def lookup(self, text: str, scene: Scene) -> Plan | None: ...

    def permits(self, principal: PrincipalName) -> tuple[Permit, ...]: ...

    @property
    def used_up(self) -> frozenset[Permit]: ...

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """`upstream` is the plan's text in the session's encoding, None when refused; it is the
    client's own bytes object when nothing was changed. `permits` are those it was judged under."""

    plan: Plan
    text: str
    upstream: bytes | None
    permits: tuple[Permit, ...] = ()

    @property
    def changed(self) -> str | None:
        """The text that is sent, where it is not what the client wrote."""
        return self.plan.text if self.plan.text != self.text else None


@dataclass(frozen=True, slots=True)
class _Question:
    generation: int
    text: str
    scene: Scene


def _makes_temporary(effect: Effect) -> bool:
    return isinstance(effect, MakeTemporary)


class Judge:
    """Answers at once from what was planned before, or leaves a `question` and answers None."""

    def __init__(self, mirror: Mirror, plans: Plans) -> None:
        self.plans = plans
        self._mirror = mirror
        self._question: _Question | None = None
        self._answers: dict[_Question, Plan] = {}
        # What was found last: a message that waits for the budget is taken a second time.
        self._last: tuple[_Question, Plan] | None = None

    @property
    def waiting(self) -> bool:
        """A plan is being made."""
        return self._question is not None

    def question(self) -> Analyse:
        """What has to be planned before the message can be taken again."""
        assert self._question is not None
        return Analyse(self._question.text, self._question.scene)

    def read_anew(self) -> Analyse:
        """The question that has the catalogue read, for everybody's sake, before another text
        comes: a text that means nothing."""
        self._question = _Question(self.plans.generation, "", self._mirror.scene)
        return self.question()

    def planned(self, plan: Plan) -> None:
        """The answer to the last question; kept while the message it was asked for is looked at.

        One that was asked while the catalogue had yet to be read is asked again.
        """
        question, self._question = self._question, None
        if question is not None and question.scene.unread:
            self._mirror.catalogue_read(question.scene.unread)
        elif question is not None:
            self._answers[question] = plan

    def taken(self) -> None:
        """The message is done with."""
        self._answers.clear()
        self._last = None

    def judge(self, raw: bytes, *, ascii_only: bool = False) -> Judged | None:
        """What may be sent for a new text.

        `ascii_only`: the server may read it in another encoding than we; all that are admitted
        agree about ASCII and about nothing else.
        """
        codec = self._mirror.codec
        if self._mirror.unsealed:
            return self._pass_on(raw)
        text = decode_exactly(raw, codec)
        doubt = refusals.ENCODING_UNKNOWN if ascii_only else None
        if codec in self.plans.misread:
            doubt = refusals.ENCODING_MISREAD
        if doubt is not None and not raw.isascii():
            return Judged(Plan(doubt, None), text or "", None)
        if text is None:
            return Judged(Plan(refusals.NOT_IN_ENCODING, None), "", None)
        found = self._plan(text)
        if found is None:
            return None
        plan, permits = found
        if self.bars(plan):
            return Judged(Plan(refusals.SCHEMA_CHANGING, None), text, None)
        if plan.text is None or plan.decision.verdict is Verdict.REFUSE:
            return Judged(plan, text, None)
        if self._mirror.temporaries.full and any(map(_makes_temporary, plan.effects)):
            return Judged(Plan(refusals.TOO_MANY_TEMPORARIES, None), text, None)
        if plan.text == text:
            return Judged(plan, text, raw, permits)
        upstream = encode_exactly(plan.text, codec)
        if upstream is None or b"\0" in upstream:
            return Judged(Plan(refusals.CANNOT_ENCODE, None), text, None)
        if doubt is not None and not upstream.isascii():
            return Judged(Plan(doubt, None), text, None)
        return Judged(plan, text, upstream, permits)

    def _pass_on(self, raw: bytes) -> Judged | None:
        """Nothing depends on how the server reads the text but the kind it is recorded as."""
        text = raw.decode(self._mirror.codec, "replace")
        found = self._plan(text)
        return None if found is None else Judged(found[0], text, raw)

    def bars(self, plan: Plan) -> bool:
        """The session has changed the schema and its transaction has not ended: it can end that,
        and do nothing else, for what a name means now nobody knows."""
        return self._mirror.changing and plan.decision.statement_class is not _TRANSACTION

    def statement(self, raw: bytes, judged: Judged) -> Statement:
        """What a name will stand for, from now on, that is given to a text just judged."""
        generation, plan = self.plans.generation, judged.plan
        scene = self._under(judged.permits)
        return Statement(raw, judged.text, plan.text or "", plan, scene, generation)

    def statement_of(self, name: bytes) -> Statement | None:
        """The prepared statement of that name; None where nobody judged what has it."""
        return self._mirror.statements.get(name) or self._stranger()

    def portal_of(self, name: bytes) -> Portal | None:
        """The portal of that name; None where nobody judged what has it."""
        portal, stranger = self._mirror.portals.get(name), self._stranger()
        if portal is not None or stranger is None:
            return portal
        return Portal(stranger, UNJUDGED, UNJUDGED, None)

    def _stranger(self) -> Statement | None:
        """Where nothing is sealed a name may come from anywhere: from a function, from DO."""
        if not self._mirror.unsealed:
            return None
        return Statement(b"", "", "", UNJUDGED, self._mirror.scene, self.plans.generation)

    def judge_again(self, statement: Statement, asking: Plan | None = None) -> Decision | None:
        """The decision on a prepared statement that is about to be bound, or to be run by what
        `asking` is the plan of: who asks is said there, and not where it was prepared.

        The server analyses a prepared statement anew when search_path or a relation changes, so
        the text it holds may by now mean something else than what was judged.
        """
        asking, generation = asking or statement.plan, self.plans.generation
        if self._mirror.unsealed:
            return statement.plan.decision
        scene = self._under(self._usable(statement.plan, asking))
        if statement.generation == generation and statement.scene == scene:
            return (
                refusals.SCHEMA_CHANGING if self.bars(statement.plan) else statement.plan.decision
            )
        found = self._plan(statement.text, asking)
        if found is None:
            return None
        plan, scene = found[0], self._under(found[1])
        if self.bars(plan):
            return refusals.SCHEMA_CHANGING
        if plan.text is None or plan.decision.verdict is Verdict.REFUSE:
            return plan.decision
        if plan.text != statement.sent:
            return refusals.STALE_STATEMENT
        if statement.named:
            (definition,) = plan.defines
            plan = definition.plan
        statement.plan, statement.scene, statement.generation = plan, scene, generation
        return plan.decision

    def permit_ended(self, ran: Plan, asking: Plan) -> bool:
        """What `ran` sees it sees by a permit that does not count any more, or not for who asks by
        what `asking` is the plan of."""
        if not ran.decision.permits:
            return False
        counting = {permit.number for permit in self._permits(ran, asking)}
        return not counting.issuperset(ran.decision.permits)

    def _permits(self, plan: Plan, asking: Plan) -> tuple[Permit, ...]:
        """Those that count for what `plan` does. Who asks is taken from the session and the text
        alone: what a parameter says is not known when a text is prepared."""
        if not plan.decision.relations:
            return ()
        found = self.plans.permits(self._mirror.principal.name)
        if not found:
            return ()
        who = self._mirror.attribution(asking)
        return tuple(permit for permit in found if permit.is_for(who.operator, who.case))

    def use_up(self, numbers: tuple[str, ...]) -> None:
        """These have no use left: from now on a statement is judged as if they did not count."""
        self.plans.use_up(self._mirror.principal.name, numbers)

    def counted(self, plan: Plan) -> tuple[Permit, ...] | None:
        """Of the permits that `plan` was made by, those whose uses are counted; None where one of
        them does not count any more, or is used up."""
        if not plan.decision.permits or plan.text is None:
            return ()
        in_force = self.plans.permits(self._mirror.principal.name)
        of_number = {each.number: each for each in in_force if each not in self.plans.used_up}
        if not of_number.keys() >= set(plan.decision.permits):
            return None
        named = (of_number[number] for number in plan.decision.permits)
        return tuple(each for each in named if each.uses_max is not None)

    def _usable(self, plan: Plan, asking: Plan) -> tuple[Permit, ...]:
        """Those that count for what is not open yet: what was opened by the last use of one may
        be read."""
        found = self._permits(plan, asking)
        used_up = self.plans.used_up if found else ()
        return tuple(each for each in found if each not in used_up) if used_up else found

    def batch_permits(self, who: Attribution) -> tuple[Permit, ...]:
        """By which they may ask for a list of people at once, and see nothing more."""
        principal = self._mirror.principal
        if Scope.BATCH not in SCOPES_OF[principal.kind]:
            return ()
        return tuple(
            each
            for each in self.plans.permits(principal.name)
            if each.scope is Scope.BATCH
            and each.is_for(who.operator, who.case)
            and each not in self.plans.used_up
        )

    def _under(self, permits: tuple[Permit, ...]) -> Scene:
        scene = self._mirror.scene
        return replace(scene, permits=permits) if permits else scene

    def _plan(
        self, text: str, asking: Plan | None = None
    ) -> tuple[Plan, tuple[Permit, ...]] | None:
        """The plan, and the permits that count for it. Which do is known once there is a plan: the
        text may say who asks, and most texts touch nothing that a permit is about."""
        plan = self._answer(text, self._mirror.scene)
        if plan is None:
            return None
        permits = () if plan.text is None else self._usable(plan, asking or plan)
        if permits:
            plan = self._answer(text, self._under(permits))
        return None if plan is None else (plan, permits)

    def _answer(self, text: str, scene: Scene) -> Plan | None:
        question = _Question(self.plans.generation, text, scene)
        answer = self._answers.get(question) if self._answers else None
        if answer is not None:
            return answer
        if self._last is not None and self._last[0] == question:
            return self._last[1]
        plan = None if question.scene.unread else self.plans.lookup(text, question.scene)
        if plan is None:
            self._question = question
        else:
            self._last = (question, plan)
        return plan
