"""Statements that are charged and cut, message by message."""

from dataclasses import replace

import pytest

from ledger.pseudonyms import Pseudonyms
from proxy.names import PrincipalName
from proxy.policy.asked import PERSON, Asked, Value
from proxy.policy.budget import Budget
from proxy.policy.decision import Verdict
from proxy.policy.limits import Limits
from proxy.record.spending import request
from proxy.server.budgeting import Owner, granted
from proxy.session.commands import Reserve
from proxy.session.plan import Grant, Plan
from proxy.statement.facts import Place
from tests.unit.proxy.session.playbook import (
    BOUND,
    DONE,
    FAILED,
    FLUSH,
    OPENED,
    PARSED,
    POISON,
    READY,
    ROW,
    SYNC,
    SYNTAX_ERROR,
    Plans,
    Play,
    bind,
    decision,
    error,
    execute,
    parse,
    query,
)

BROAD = Asked(weight=1)
PSEUDONYMS = Pseudonyms(b"k" * 32)


def keyed(person):
    return Plan(decision(), person, asked=Asked((Value(PERSON, 25, Place(literal=0), person),)))


def play(limits, *plans):
    opened = replace(OPENED, principal=replace(OPENED.principal, limits=limits))
    known = {plan.text: plan for plan in (*plans, Plan(decision(), "broad", asked=BROAD))}
    return Play(Plans(known), opened)


def needs(play):
    return [command.need for command in play.commands if isinstance(command, Reserve)]


def reserved(play, grant):
    return play._after(play.session.reserved(grant))


def test_nothing_is_recorded_or_sent_before_the_budget_has_answered():
    it = play(Limits(subjects_per_day=2), keyed("1101"))
    it.client(query("1101"), query("other"))
    assert not it.records
    assert not it.upstream
    (need,) = needs(it)
    assert need.people == ((PERSON, "1101"),)
    reserved(it, Grant(need.people))
    assert it.records[0].unit.grant == Grant(need.people)
    assert it.upstream.startswith(query("1101"))


def test_over_budget_a_poison_goes_out_and_a_refusal_comes_back():
    it = play(Limits(subjects_per_day=2), keyed("1101"))
    reserved(it.client(query("1101")), None)
    assert it.upstream == query(POISON.decode())
    assert it.records[0].decision.rule == "subject-budget"
    it.durable()
    it.server(SYNTAX_ERROR, READY)
    assert b"C42501" in it.released


@pytest.mark.parametrize("rows_count", [1, 2])
def test_so_many_rows_pass_and_not_one_more(rows_count):
    it = play(Limits(rows_per_statement=2))
    it.client(query("broad")).durable()
    it.server(ROW * rows_count, DONE, READY)
    assert it.released == ROW * rows_count + DONE + READY


@pytest.mark.parametrize("cut_at", range(1, len(ROW) * 4, 3))
def test_a_simple_query_ends_behind_the_last_whole_row_and_its_transaction_fails(cut_at):
    it = play(Limits(rows_per_statement=2))
    it.client(query("broad"), query("next")).durable()
    data = ROW * 4 + DONE + READY
    it.server(data[:cut_at])
    shown = it.released
    it.server(data[cut_at:])
    shown += it.released
    assert shown == ROW * 2
    assert it.upstream == query(POISON.decode()) + query("next")
    it.durable()
    it.server(SYNTAX_ERROR, FAILED)
    assert b"C54000" in it.released
    assert it.released.endswith(FAILED)


def test_what_stands_behind_a_cut_execute_is_never_sent():
    it = play(Limits(rows_per_statement=1))
    it.client(parse("broad"), bind(), execute(), parse("next"), SYNC)
    assert it.upstream.endswith(execute() + FLUSH)
    it.durable()
    it.server(PARSED, BOUND, ROW * 3, DONE)
    assert it.released == PARSED + BOUND + ROW
    assert POISON in it.upstream
    assert b"next" not in it.upstream
    assert it.upstream.endswith(SYNC)
    it.server(SYNTAX_ERROR)
    assert b"C54000" in it.released


def test_an_error_of_the_server_behind_the_cut_stays_the_end_of_it():
    it = play(Limits(rows_per_statement=1))
    it.client(query("broad")).durable()
    it.server(ROW * 2)
    it.server(error(), FAILED)
    assert b"C54000" in it.released
    assert it.released.endswith(FAILED)
    assert not it.upstream


def test_a_cut_answer_is_reported_with_the_rows_that_were_given():
    it = play(Limits(rows_per_statement=1))
    it.client(query("broad")).durable()
    it.server(ROW * 3, DONE, READY)
    (report,) = it.reports
    unit = report.unit
    assert (unit.rows_count, unit.released_bytes, unit.cut) == (1, len(ROW), True)


@pytest.mark.requirement("Q45")
def test_a_year_of_eighteen_people_a_day_through_the_session():
    """Of nine months' drip an officer's session sees what the policy has left of it."""
    name, limits = OPENED.principal.name, Limits(subjects_per_day=60, subjects_per_30_days=400)
    now = [1_800_000_000.0]
    owner = Owner(Budget({PrincipalName(name): limits}), lambda: now[0])
    it, served = play(limits), []
    for day in range(40):
        now[0] += 86_400
        for nth in range(18):
            person = f"1101{day:02}{nth:02}"
            it.plans.known[person] = keyed(person)
            it.client(query(person))
            (need,) = needs(it)
            answer = owner.at_once(request(need, name, PSEUDONYMS))
            reserved(it, granted(need, answer, owner))
            served.append(it.records[0].decision.rule)
            it.durable()
            it.server(SYNTAX_ERROR if served[-1] == "subject-budget" else DONE, READY)
    assert served.index("subject-budget") == 400
    assert served[-100:].count("rule") >= 36


def test_a_message_that_waited_for_the_budget_is_looked_up_once_more_only_under_new_rules():
    limits = Limits(subjects_per_day=2)
    plans = Plans({"1101": keyed("1101")})
    it = Play(plans, replace(OPENED, principal=replace(OPENED.principal, limits=limits)))
    reserved(it.client(query("1101")), Grant(((PERSON, "1101"),)))
    assert len(plans.scenes) == 1
    it.durable().server(ROW, DONE, READY)
    it.client(query("1101"))
    plans.generation += 1
    plans.known["1101"] = Plan(replace(decision(), verdict=Verdict.REFUSE, rule="newer"), None)
    reserved(it, Grant(((PERSON, "1101"),)))
    assert it.records[-1].decision.rule == "newer"
