import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ProtocolViolation
from proxy.names import PrincipalName
from proxy.policy.attribution import NOBODY
from proxy.policy.budget import BUCKET_SECONDS, UNBOUNDED, Asker, Budget, Request
from proxy.policy.limits import Limits
from proxy.policy.uses import Use, Uses
from proxy.server.budgeting import (
    Answer,
    Owner,
    Remote,
    decode_request,
    encode_request,
    granted,
)
from proxy.session.commands import Need
from proxy.session.plan import Grant

POLICE = PrincipalName("police")
WHO = Asker(POLICE, "0" * 32, "")


class Line:
    """An owner, the way to it, and what went over."""

    def __init__(self, **limits):
        self.now, self.said = 1_800_000_000.0, []
        self.owner = Owner(Budget({POLICE: Limits(**limits)}), lambda: self.now)
        self.remote = Remote(self._ask, self._tell, lambda: self.now)

    async def _ask(self, verb, body):
        self.said.append(verb)
        return self.owner.answer(body)

    def _tell(self, verb, body):
        self.said.append(verb)
        self.owner.take_back(body)


async def test_whom_the_owner_granted_is_asked_for_again_without_a_word():
    line = Line(subjects_per_day=2)
    request = Request(WHO, ("a", "b"))
    assert line.remote.at_once(request) is None
    assert await line.remote.ask(request) == Answer(1)
    assert line.remote.at_once(Request(WHO, ("b",))) == Answer(1)
    assert line.remote.at_once(Request(Asker(POLICE, "1" * 32), ("b",))) is None
    assert await line.remote.ask(Request(WHO, ("c",))) == Answer(0)
    assert line.remote.at_once(Request(WHO, ("c",))) is None
    line.now += BUCKET_SECONDS
    assert line.remote.at_once(request) is None
    line.remote.forget()
    assert line.said == ["reserve", "reserve"]


async def test_rows_are_always_asked_for_and_given_back():
    line = Line(subjects_per_day=10)
    request = Request(WHO, (), 6)
    first = await line.remote.ask(request)
    assert (first.many, (await line.remote.ask(request)).many) == (6, 4)
    assert line.remote.at_once(request) is None
    line.remote.give_back(first.ticket, 5)
    line.remote.give_back(0, 5)
    line.remote.give_back(first.ticket, 0)
    assert (await line.remote.ask(request)).many == 5
    assert line.said.count("give-back") == 1


async def test_many_at_once_never_get_more_than_there_is():
    line = Line(subjects_per_day=7)
    asked = [line.remote.ask(Request(WHO, (str(n),))) for n in range(30)]
    assert sum(answer.many for answer in await asyncio.gather(*asked)) == 7


def test_a_new_budget_knows_what_was_granted_while_it_was_read():
    line = Line(subjects_per_day=2)
    line.owner.follow()
    assert line.owner.at_once(Request(WHO, ("a",))).many
    line.owner.become(Budget({POLICE: Limits(subjects_per_day=1)}))
    assert not line.owner.at_once(Request(WHO, ("b",))).many
    assert line.owner.at_once(Request(WHO, ("a",))).many


def test_what_an_answer_lets_a_statement_give():
    owner = Line(subjects_per_day=5).owner
    named = Need(NOBODY, (("person", "x"),), 9, 0)
    assert granted(named, Answer(1), owner) == Grant(named.people, 9)
    assert granted(named, Answer(0), owner) is None
    broad = Need(NOBODY, (), 9, 2)
    assert granted(broad, Answer(18, 3), owner) == Grant((), 9, 18, 2, 3)
    assert granted(broad, Answer(7, 3), owner) == Grant((), 3, 7, 2, 3, spends=True)
    assert granted(broad, Answer(1, 3), owner) is None
    assert granted(broad, Answer(UNBOUNDED, 1), owner) == Grant((), 9)


def test_a_request_survives_the_way():
    used = Request(WHO, uses=(Use("p-1", 2), Use("p-2", 1)))
    for request in (Request(WHO, ("a", "b")), Request(WHO, (), 5), Request(WHO), used):
        assert decode_request(encode_request(request)) == request


@given(st.one_of(st.text(max_size=50), st.recursive(
    st.none() | st.integers() | st.text(max_size=3), lambda c: st.lists(c, max_size=6)
).map(json.dumps)))  # fmt: skip
def test_nonsense_is_refused(body):
    owner = Line(subjects_per_day=1).owner
    for take in (owner.take_back, owner.answer):
        try:
            take(body)
        except ProtocolViolation:
            continue
        assert isinstance(json.loads(body), list)


async def test_an_answer_that_is_none_is_noticed():
    async def ask(verb, body):
        return "[]"

    with pytest.raises(ProtocolViolation):
        await Remote(ask, lambda *_: None).ask(Request(WHO, ("a",)))


@pytest.mark.requirement("D8")
async def test_nothing_is_used_before_it_is_known_what_was():
    line = Line()
    request = Request(WHO, uses=(Use("p-1", 2), Use("p-2", 9)))
    assert line.owner.at_once(request) == Answer(0, used_up=("p-1", "p-2"))
    line.owner.uses = Uses({"p-1": 1})
    assert line.remote.at_once(request) is None
    assert await line.remote.ask(request) == Answer(1)
    assert line.remote.at_once(request) is None
    assert await line.remote.ask(request) == Answer(0, used_up=("p-1",))
    assert line.said == ["reserve", "reserve"]


@pytest.mark.requirement("D8")
async def test_many_workers_at_once_never_get_more_uses_than_there_are():
    line = Line()
    line.owner.uses = Uses()
    remotes = [Remote(line._ask, line._tell) for _ in range(3)]
    request = Request(WHO, uses=(Use("p-1", 7),))
    answers = await asyncio.gather(*(each.ask(request) for each in remotes * 10))
    assert sum(answer.many for answer in answers) == 7


def test_an_answer_about_uses_says_which_are_none():
    owner = Line().owner
    need = Need(NOBODY, uses=(Use("p-1", 2),))
    assert granted(need, Answer(1), owner) == Grant()
    assert granted(need, Answer(0, used_up=("p-1",)), owner) == Grant(used_up=("p-1",))
    assert granted(need, Answer(0), owner) is None


@pytest.mark.requirement("D8", "D11")
def test_the_desk_takes_uses_from_where_statements_do():
    line = Line()
    use = Use("p-1", 1)
    assert not line.owner.has_use(use)
    assert not line.owner.take_use(use)
    line.owner.uses = Uses()
    assert line.owner.has_use(use)
    assert line.owner.take_use(use)
    assert not line.owner.has_use(use)
    assert line.owner.at_once(Request(WHO, uses=(use,))) == Answer(0, used_up=("p-1",))
