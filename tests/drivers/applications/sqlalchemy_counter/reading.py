"""Pages, filters, joins, sums: what a counter's screens ask."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload, subqueryload

from tests.drivers.applications.sqlalchemy_counter.records import (
    CaseFile,
    CasePerson,
    Person,
    Sentence,
    Victim,
)

DAY = datetime.date


def lists(step, session):
    by_id = sa.select(CaseFile).order_by(CaseFile.case_id)
    for page in range(4):
        step(
            f"page/{page}",
            lambda page=page: [
                (c.case_id, c.case_no, c.label)
                for c in session.scalars(by_id.limit(8).offset(8 * page))
            ],
        )
    count = sa.select(sa.func.count()).select_from(by_id.order_by(None).subquery())
    step("page/count", lambda: session.scalar(count))
    for name, condition in (
        ("equal", Person.name == "丙成年"),
        ("like", Person.name.like("丙%")),
        ("ilike", Person.name.ilike("%成年%")),
        ("contains", Person.name.contains("年")),
        ("startswith", Person.name.startswith("甲", autoescape=True)),
        ("regexp", Person.name.regexp_match("^[甲乙]")),
        ("in", Person.person_id.in_([1, 3, 9, 17])),
        ("not-in", Person.person_id.not_in([1, 3, 9, 17])),
        ("between", Person.birth_date.between(DAY(2000, 1, 1), DAY(2005, 1, 1))),
        ("null", Person.id_no.is_(None)),
        ("or", sa.or_(Person.gender == "2", Person.birth_date < DAY(1990, 1, 1))),
        ("any", Person.roles.any(CasePerson.role == "CONVICT")),
        ("not-any", ~Person.roles.any()),
        ("lower", sa.func.lower(Person.name) == "丙成年"),
        ("concat", Person.name + Person.gender == "丙成年1"),
        ("tuple", sa.tuple_(Person.person_id, Person.gender).in_([(3, "1"), (1, "1")])),
    ):
        text = sa.select(Person.person_id, Person.name).where(condition).order_by(Person.person_id)
        step(f"filter/{name}", lambda text=text: rows(session, text))
    step("get", lambda: [p and p.name for p in (session.get(Person, i) for i in range(30))])
    step("one-or-none", lambda: session.scalars(by_id.where(CaseFile.case_id == 2)).one_or_none())


def rows(session, statement):
    return [tuple(row) for row in session.execute(statement)]


def joins(step, session):
    ordered = sa.select(CaseFile).order_by(CaseFile.case_id)

    def tree(*options):
        session.expunge_all()
        found = session.scalars(ordered.options(*options)).unique()
        return [
            (c.case_id, [(p.cp_id, p.person and p.person.name) for p in by_key(c.people)])
            for c in found
        ]

    people = CaseFile.people
    step("lazy", tree)
    step("joined", lambda: tree(joinedload(people).joinedload(CasePerson.person)))
    step("selectin", lambda: tree(selectinload(people).selectinload(CasePerson.person)))
    step("subquery", lambda: tree(subqueryload(people).joinedload(CasePerson.person)))
    step("joined-sentences", lambda: tree(joinedload(people).selectinload(CasePerson.sentences)))
    eager = ordered.join(people).join(CasePerson.person).options(contains_eager(people))
    step("contains-eager", lambda: [c.case_id for c in session.scalars(eager).unique()])
    other = aliased(CasePerson)
    together = (
        sa.select(CasePerson.cp_id, other.cp_id)
        .join(other, sa.and_(other.case_id == CasePerson.case_id, other.cp_id > CasePerson.cp_id))
        .order_by(CasePerson.cp_id, other.cp_id)
    )
    step("self-join", lambda: rows(session, together))
    outer = (
        sa.select(Person.name, Sentence.term_months, Sentence.fine)
        .outerjoin(CasePerson, CasePerson.person_id == Person.person_id)
        .outerjoin(Sentence, sa.and_(Sentence.cp_id == CasePerson.cp_id, Sentence.term_months > 12))
        .order_by(Person.person_id, Sentence.sent_id)
    )
    step("outer-join", lambda: rows(session, outer))
    masked = sa.select(Victim.victim_id, Victim.name, Victim.school).order_by(Victim.victim_id)
    step("masked", lambda: rows(session, masked))


def by_key(people):
    return sorted(people, key=lambda p: p.cp_id)


def sums(step, session):
    year = sa.extract("year", CasePerson.offence_first)
    per_year = sa.select(year, sa.func.count()).group_by(year).order_by(year)
    step("per-year", lambda: rows(session, per_year))
    trunc = sa.func.date_trunc("year", Sentence.effective_on)
    total = sa.select(trunc, sa.func.sum(Sentence.term_months), sa.func.avg(Sentence.term_months))
    step("per-year/terms", lambda: rows(session, total.group_by(trunc).order_by(trunc)))
    having = (
        sa.select(CasePerson.case_id, sa.func.count(CasePerson.cp_id.distinct()))
        .group_by(CasePerson.case_id)
        .having(sa.func.count() >= 1)
        .order_by(CasePerson.case_id)
    )
    step("having", lambda: rows(session, having))
    window = sa.select(
        CasePerson.cp_id,
        sa.func.row_number().over(partition_by=CasePerson.role, order_by=CasePerson.cp_id),
        sa.func.lag(CasePerson.cp_id).over(order_by=CasePerson.cp_id),
    ).order_by(CasePerson.cp_id)
    step("window", lambda: rows(session, window))
    step("exists", lambda: session.scalar(sa.select(sa.exists().where(Person.name == "甲一"))))
    step(
        "exists/visible",
        lambda: session.scalar(sa.select(sa.exists().where(Person.person_id == 3))),
    )
    recent = sa.select(CasePerson.person_id).where(year >= 2021).cte("recent")
    step("cte", lambda: rows(session, sa.select(recent.c.person_id).order_by(recent.c.person_id)))
    one = sa.select(Person.name).where(Person.person_id < 10)
    both = sa.union_all(one, sa.select(Person.name).where(Person.gender == "1")).order_by("name")
    step("union", lambda: rows(session, both))
    kind = sa.case((Sentence.term_months > 36, "long"), else_="short")
    step(
        "case",
        lambda: rows(session, sa.select(kind, sa.func.count()).group_by(kind).order_by(kind)),
    )
    latest = sa.select(CasePerson.role, CasePerson.cp_id).distinct(CasePerson.role)
    step("distinct-on", lambda: rows(session, latest.order_by(CasePerson.role, CasePerson.cp_id)))
    terms = sa.func.array_agg(sa.type_coerce(Sentence.term_months, sa.Integer))
    step("array-agg", lambda: rows(session, sa.select(sa.func.cardinality(terms))))
    filtered = sa.func.count().filter(Sentence.penalty_kind == "LIFE")
    step(
        "filter-clause",
        lambda: rows(session, sa.select(sa.func.count(), filtered).select_from(Sentence)),
    )
    scalar = sa.select(sa.func.max(Sentence.term_months)).where(Sentence.cp_id == CasePerson.cp_id)
    beside = sa.select(CasePerson.cp_id, scalar.scalar_subquery()).order_by(CasePerson.cp_id)
    step("correlated", lambda: rows(session, beside))
    side = (
        sa.select(Sentence.term_months).where(Sentence.cp_id == CasePerson.cp_id).limit(1).lateral()
    )
    lateral = sa.select(CasePerson.cp_id, side.c.term_months).join(side, sa.true(), isouter=True)
    step("lateral", lambda: rows(session, lateral.order_by(CasePerson.cp_id)))
