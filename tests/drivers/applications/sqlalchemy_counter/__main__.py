"""A query counter on SQLAlchemy. Where the database is, the variables of libpq say."""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import starmap

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import Session

from tests.drivers.applications.sqlalchemy_counter.reading import joins, lists, rows, sums
from tests.drivers.applications.sqlalchemy_counter.records import CasePerson, Person
from tests.drivers.applications.sqlalchemy_counter.writing import (
    failing,
    many,
    refused,
    registering,
)
from tests.drivers.applications.steps import Steps

BY_ID = sa.select(CasePerson.cp_id, CasePerson.role).order_by(CasePerson.cp_id)
INSPECTED = (
    ("get_schema_names", ()),
    ("get_table_names", ("base",)),
    ("get_columns", ("case_person", "base")),
    ("get_pk_constraint", ("case_person", "base")),
    ("get_foreign_keys", ("case_person", "base")),
    ("get_indexes", ("case_person", "base")),
    ("get_unique_constraints", ("case_file", "base")),
    ("get_check_constraints", ("case_file", "base")),
    ("get_table_comment", ("case_file", "base")),
    ("get_view_names", ("base",)),
    ("get_sequence_names", ("base",)),
    ("get_multi_columns", ("base",)),
)


def url(driver: str) -> sa.URL:
    named = {name: os.environ[f"PG{name.upper()}"] for name in ("host", "port", "user", "password")}
    return sa.URL.create(
        f"postgresql+{driver}", named["user"], named["password"], named["host"],
        int(named["port"]), os.environ["PGDATABASE"],
    )  # fmt: skip


def streaming(step, engine):
    with engine.connect() as connection:
        streamed = connection.execution_options(stream_results=True, yield_per=5)
        step("stream", lambda: [tuple(row) for row in streamed.execute(BY_ID)])
        step("partitions", lambda: [len(some) for some in streamed.execute(BY_ID).partitions(4)])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        step("autocommit", lambda: rows(connection, BY_ID))
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        step("repeatable", lambda: rows(connection, BY_ID))
    step("pooled", lambda: [checked(engine) for _ in range(6)])


def checked(engine):
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count(Person.person_id)))


def lost(step, engine):
    """A pool notices that the server has ended its connections."""
    with engine.connect() as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    step("lost", lambda: (ended(pid), checked(engine))[1])


def ended(pid):
    import psycopg

    where = os.environ["FENGCUN_TEST_ADMINISTRATOR"]
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def reflected(step, engine):
    inspector = sa.inspect(engine)
    shown = starmap(lambda name, of: (name, repr(getattr(inspector, name)(*of))), INSPECTED)
    for name, value in shown:
        step(f"inspect/{name}", lambda value=value: value)
    metadata = sa.MetaData()
    step("reflect", lambda: (metadata.reflect(engine, schema="base"), sorted(metadata.tables))[1])
    mapped = automap_base(metadata=metadata)
    step("automap", lambda: (mapped.prepare(), sorted(mapped.classes.keys()))[1])
    with Session(engine) as session:
        person = metadata.tables["base.person"]
        step("automap/rows", lambda: rows(session, sa.select(person).order_by(person.c.person_id)))


async def asynchronous():
    engine = create_async_engine(url("asyncpg"))
    async with AsyncSession(engine) as session:
        found = [tuple(row) for row in await session.execute(BY_ID)]
        streamed = [tuple(row) async for row in await session.stream(BY_ID)]
    await engine.dispose()
    return found == streamed, found


def main():
    if "PGSSLROOTCERT" not in os.environ:
        os.environ.pop("PGSSLMODE", None)
    engine = sa.create_engine(url("psycopg"), pool_pre_ping=True, pool_size=2)
    with Session(engine) as session:
        step = Steps(session.rollback)
        for walk in (lists, joins, sums, registering, many, failing, refused):
            walk(step, session)
    step = Steps(lambda: None)
    for ask in (streaming, lost, reflected):
        ask(step, engine)
    step("asyncpg", lambda: asyncio.run(asynchronous()))
    engine.dispose()
    print("the end: reached")


if __name__ == "__main__":
    sys.exit(main())
