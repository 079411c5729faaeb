"""A client by asyncpg: everything by the extended protocol, in binary, with cached statements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

from tests.bench.load.soak.book import STALE, Book
from tests.bench.load.soak.psycopg_client import CANCEL_AFTER_S, CONNECT_TIMEOUT_S, COUNTED, KEYS
from tests.bench.load.soak.truth import QUESTIONS
from tests.world import HOST, PASSWORD

OWN = "SELECT key, value FROM soaked WHERE client = $1 ORDER BY key"
SET = (
    "INSERT INTO soaked VALUES ($1, $2, $3)"
    " ON CONFLICT (client, key) DO UPDATE SET value = excluded.value"
)

Step = Callable[[asyncpg.Connection], Awaitable[None]]


class AsyncpgClient:
    """One step at a time, chosen at random; what it raises is for whoever runs it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.connection: asyncpg.Connection | None = None
        usual: list[Step] = [*[self.ask] * 10, *[self.write] * 2, self.transact, self.copy_in]
        self.steps: list[Step] = [*usual, self.copy_out, self.cursor, self.fail, self.cancel]

    async def step(self) -> None:
        """Whatever comes next, on the connection there is or a new one."""
        if self.connection is None:
            site = self.book.site
            self.connection = await asyncpg.connect(
                host=HOST, port=site.port, user="desk", password=PASSWORD, ssl="prefer",
                database=site.database.name, timeout=CONNECT_TIMEOUT_S,
                server_settings={"application_name": self.book.name},
            )  # fmt: skip
            self.book.connected = True
        step = self.book.random.choice(self.steps)
        try:
            await step(self.connection)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in STALE:
                raise
            self.book.gave_up()
            await self.connection.reload_schema_state()
        except AttributeError as error:
            # A COPY of asyncpg's does not look whether its connection has ended.
            if not self.connection.is_closed():
                raise
            raise ConnectionResetError from error

    def drop(self) -> None:
        """Forget the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(asyncpg.InterfaceError, OSError):
                connection.terminate()

    async def ask(self, connection: asyncpg.Connection) -> None:
        asked, mark = self.book.truth.ask(self.book.random), self.book.mark()
        text = QUESTIONS[asked[0]].format(mark="$1", id="$2::bigint")
        rows = [tuple(row) for row in await connection.fetch(text, mark, asked[1])]
        self.book.require(self.book.truth.holds(asked, mark, rows), f"asyncpg's question {asked}")
        self.book.answered("asyncpg", mark)

    async def write(self, connection: asyncpg.Connection) -> None:
        key, mark = self.book.random.randrange(KEYS), self.book.mark()
        self.book.intend({key: mark})
        tag = await connection.execute(SET, self.book.number, key, mark)
        self.book.require(tag == "INSERT 0 1", "a write of one row")
        self.book.wrote()
        self.book.answered("asyncpg, write", mark)

    async def transact(self, connection: asyncpg.Connection) -> None:
        random, number = self.book.random, self.book.number
        kept = {random.randrange(KEYS): self.book.mark() for _ in range(3)}
        transaction = connection.transaction()
        await transaction.start()
        await connection.executemany(SET, [(number, key, mark) for key, mark in kept.items()])
        with suppress(asyncpg.DivisionByZeroError):
            async with connection.transaction():
                await connection.execute(SET, number, 0, self.book.mark())
                await connection.fetch("SELECT 1 / $1::int", 0)
        seen = {row[0]: row[1] for row in await connection.fetch(OWN, number)}
        self.book.require(seen == {**self.book.rows, **kept}, "a transaction sees its own rows")
        if random.random() < 0.7:
            self.book.intend(kept)
            await transaction.commit()
            self.book.wrote()
        else:
            await transaction.rollback()
        self.book.answered("asyncpg, transaction")

    async def copy_in(self, connection: asyncpg.Connection) -> None:
        random, number = self.book.random, self.book.number
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"DELETE FROM soaked WHERE client = {number} AND key >= {KEYS}")
        new = {KEYS + n: self.book.mark() for n in range(random.randrange(1, 300))}
        records = [(number, key, value) for key, value in new.items()]
        await connection.copy_records_to_table("soaked", records=records)
        kept = {key: value for key, value in self.book.rows.items() if key < KEYS}
        self.book.maybe = {**kept, **new}
        await transaction.commit()
        self.book.wrote()
        self.book.answered("asyncpg, copy in")

    async def copy_out(self, connection: asyncpg.Connection) -> None:
        mark, lines = self.book.mark(), bytearray()

        async def take(data: bytes) -> None:
            lines.extend(data)

        text = f"SELECT {mark}::bigint, key, value FROM soaked WHERE client = {self.book.number}"
        await connection.copy_from_query(f"{text} ORDER BY key", output=take)
        rows = [tuple(map(int, line.split(b"\t"))) for line in lines.splitlines()]
        expected = [(mark, *pair) for pair in sorted(self.book.rows.items())]
        self.book.require(rows == expected, "a copy of its own rows")
        self.book.answered("asyncpg, copy out", mark)

    async def cursor(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            own = connection.cursor(OWN, self.book.number, prefetch=70)
            rows = [tuple(row) async for row in own]
        self.book.require(rows == sorted(self.book.rows.items()), "its own rows by a cursor")
        self.book.answered("asyncpg, cursor")

    async def fail(self, connection: asyncpg.Connection) -> None:
        mark = self.book.mark()
        with suppress(asyncpg.DivisionByZeroError):
            await connection.fetch("SELECT $1::bigint / $2::bigint", mark, 0)
            self.book.require(False, "an error that did not come")
        self.book.answered("asyncpg, error", mark)

    async def cancel(self, connection: asyncpg.Connection) -> None:
        mark = self.book.mark()
        text = f"SELECT $1::bigint, count(*) FROM generate_series(1, {COUNTED})"
        try:
            row = await connection.fetchrow(text, mark, timeout=CANCEL_AFTER_S)
            self.book.require(tuple(row) == (mark, COUNTED), "an answer that was not cancelled")
            self.book.answered("asyncpg, not cancelled", mark)
        except (TimeoutError, asyncpg.QueryCanceledError):
            self.book.answered("asyncpg, cancel")
