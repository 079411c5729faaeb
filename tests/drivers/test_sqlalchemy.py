"""SQLAlchemy 2 over psycopg and asyncpg, with its inspector's catalogue queries."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.fixture
def engine(proxy):
    made = sa.create_engine(proxy.url("postgresql+psycopg"))
    yield made
    made.dispose()


def test_the_inspector_sees_tables_columns_and_keys(engine):
    inspector = sa.inspect(engine)
    assert set(inspector.get_schema_names()) >= {"public", "other"}
    assert inspector.get_table_names() == ["person"]
    assert [column["name"] for column in inspector.get_columns("person")] == ["id", "name", "born"]
    assert inspector.get_pk_constraint("person")["constrained_columns"] == ["id"]


def test_reflected_tables_are_read_and_written(engine):
    person = sa.Table("person", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(person).values(id=900, name="synthetic 900"))
        found = connection.execute(
            sa.select(person.c.name).where(person.c.id.in_([1, 900])).order_by(person.c.id)
        ).scalars()
        assert list(found) == ["synthetic 1", "synthetic 900"]


def test_a_failed_transaction_is_rolled_back(engine):
    with pytest.raises(sa.exc.ProgrammingError), engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM person"))
        connection.execute(sa.text("SELECT 1 /*refuse*/"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM person")) == 50


def test_rows_are_streamed(engine):
    with engine.connect() as connection:
        result = connection.execution_options(stream_results=True, yield_per=7).execute(
            sa.text("SELECT id FROM person ORDER BY id")
        )
        assert [row.id for row in result] == list(range(1, 51))


async def test_the_asyncpg_dialect_works(proxy):
    engine = create_async_engine(proxy.url("postgresql+asyncpg"))
    async with engine.begin() as connection:
        names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        assert names == ["person"]
        assert await connection.scalar(sa.text("SELECT count(*) FROM person")) == 50
    await engine.dispose()
