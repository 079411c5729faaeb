"""A case is registered, changed by one who saw it, and what goes wrong on the way."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from tests.drivers.applications.sqlalchemy_counter.reading import rows
from tests.drivers.applications.sqlalchemy_counter.records import (
    CaseFile,
    CasePerson,
    Person,
    Sentence,
)

BORN, ACTED = datetime.date(1990, 1, 1), datetime.date(2024, 5, 1)


def registering(step, session):
    def register():
        case = CaseFile(case_id=900, case_no="(2026)示刑初900号", org_code="110100000000")
        role = CasePerson(cp_id=900, role="SUSPECT", offence_first=ACTED)
        role.person = Person(person_id=900, name="新人", birth_date=BORN)
        role.sentences = [Sentence(sent_id=900, result_code="GUILTY", fine=100)]
        case.people.append(role)
        session.add(case)
        session.commit()
        return case.case_kind, role.case.case_no, role.sentences[0].fine, role.person.name

    step("register", register)
    back = sa.select(CaseFile.case_no).join(CaseFile.people).where(CasePerson.person_id == 900)
    step("register/back", lambda: rows(session, back))

    def change():
        case = session.get(CaseFile, 900)
        case.cause = "盗窃"
        case.people[0].role = "CONVICT"
        session.commit()
        return case.cause, case.people[0].role

    step("change", change)

    def optimistic(case_id, seen):
        text = sa.update(CaseFile).where(CaseFile.case_id == case_id, CaseFile.cause == seen)
        done = session.execute(text.values(cause="诈骗"))
        session.commit()
        return done.rowcount

    step(
        "optimistic",
        lambda: [optimistic(900, "盗窃"), optimistic(900, "盗窃"), optimistic(2, "盗窃")],
    )
    everyone = sa.update(CasePerson).where(CasePerson.cp_id <= 29).values(role="DEFENDANT")
    step("update-many", lambda: (session.execute(everyone).rowcount, session.rollback()))
    returning = sa.delete(Sentence).where(Sentence.term_months < 40).returning(Sentence.sent_id)
    step("delete-returning", lambda: (sorted(session.scalars(returning)), session.rollback()))


def many(step, session):
    people = [Person(person_id=910 + n, name=f"批{n}") for n in range(50)]
    step("add-all", lambda: (session.add_all(people), session.commit())[1])
    values = [{"person_id": 970 + n, "name": f"量{n}"} for n in range(20)]
    text = sa.insert(Person).returning(Person.person_id)
    step("insert-many", lambda: (list(session.scalars(text, values)), session.commit()))
    renamed = [{"person_id": 970 + n, "name": f"改{n}"} for n in range(20)]
    step(
        "update-by-key", lambda: (session.execute(sa.update(Person), renamed), session.commit())[1]
    )
    step(
        "counted", lambda: session.scalar(sa.select(sa.func.count()).where(Person.person_id >= 900))
    )
    step("get-or-create", lambda: [get_or_create(session, 980), get_or_create(session, 999)])
    lock = (
        sa.select(CasePerson.cp_id)
        .where(CasePerson.cp_id.in_([1, 3, 17]))
        .order_by(CasePerson.cp_id)
    )
    step("for-update", lambda: (rows(session, lock.with_for_update()), session.rollback()))
    skip = lock.with_for_update(skip_locked=True, of=CasePerson)
    step("skip-locked", lambda: (rows(session, skip), session.rollback()))


def get_or_create(session, person_id):
    if found := session.get(Person, person_id):
        return found.name
    session.add(Person(person_id=person_id, name="建"))
    session.commit()
    return "created"


def failing(step, session):
    def within_savepoint():
        session.add(Person(person_id=1000, name="留"))
        session.flush()
        try:
            with session.begin_nested():
                session.execute(sa.insert(Person).values(person_id=1000, name="重"))
        except IntegrityError as error:
            seen = error.orig.sqlstate
        session.commit()
        return seen, session.get(Person, 1000).name

    step("savepoint", within_savepoint)
    division = sa.select(sa.literal(1) / (CasePerson.cp_id - CasePerson.cp_id))
    step("division", lambda: rows(session, division))
    step("after-error", lambda: session.scalar(sa.select(sa.func.count(Person.person_id))))
    stale = sa.text("SELECT no_such_column FROM base.person")
    step("no-column", lambda: rows(session, stale))


def refused(step, session):
    """What the proxy does not serve on these tables; directly it would be served."""
    upsert = insert(Person).values(person_id=3, name="并").on_conflict_do_nothing()
    step("refused/upsert", lambda: (session.execute(upsert), session.rollback())[1])
    physical = sa.text("SELECT ctid IS NULL FROM base.person WHERE person_id = 3")
    step("refused/ctid", lambda: rows(session, physical))
    explained = sa.text("EXPLAIN SELECT * FROM base.person")
    step("refused/explain", lambda: bool(rows(session, explained)))
    gone = sa.delete(Person).where(Person.person_id == 980)
    step("refused/delete-referenced", lambda: (session.execute(gone).rowcount, session.rollback()))
    step("after-refusal", lambda: session.get(Person, 3).name)
