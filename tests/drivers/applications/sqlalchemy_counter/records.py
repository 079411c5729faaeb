"""The agency's records as a query counter's application declares them."""

from __future__ import annotations

import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    __table_args__ = {"schema": "base"}  # noqa: RUF012


class Person(Base):
    __tablename__ = "person"
    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(60))
    gender: Mapped[str | None]
    id_no: Mapped[str | None]
    birth_date: Mapped[datetime.date | None]
    roles: Mapped[list[CasePerson]] = relationship(back_populates="person")


class CaseFile(Base):
    __tablename__ = "case_file"
    case_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_no: Mapped[str]
    case_kind: Mapped[str] = mapped_column(server_default="01")
    cause: Mapped[str | None]
    org_code: Mapped[str]
    incident_date: Mapped[datetime.date | None]
    filed_on: Mapped[datetime.date | None]
    closed_on: Mapped[datetime.date | None]
    label: Mapped[str | None]
    people: Mapped[list[CasePerson]] = relationship(back_populates="case")
    victims: Mapped[list[Victim]] = relationship()


class CasePerson(Base):
    __tablename__ = "case_person"
    cp_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("base.case_file.case_id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("base.person.person_id"))
    role: Mapped[str]
    offence_first: Mapped[datetime.date | None]
    offence_last: Mapped[datetime.date | None]
    case: Mapped[CaseFile] = relationship(back_populates="people")
    person: Mapped[Person] = relationship(back_populates="roles")
    sentences: Mapped[list[Sentence]] = relationship(order_by="Sentence.sent_id")


class Sentence(Base):
    __tablename__ = "sentence"
    sent_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cp_id: Mapped[int] = mapped_column(ForeignKey("base.case_person.cp_id"))
    result_code: Mapped[str]
    penalty_kind: Mapped[str | None]
    term_months: Mapped[int | None]
    fine: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    effective_on: Mapped[datetime.date | None]


class Victim(Base):
    __tablename__ = "victim"
    victim_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("base.case_file.case_id"))
    name: Mapped[str | None]
    school: Mapped[str | None]
