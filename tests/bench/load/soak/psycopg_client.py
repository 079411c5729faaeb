"""A client by psycopg: simple, extended and prepared statements, pipelines, cursors, COPY."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg
from psycopg import errors

from tests.bench.load.soak.book import STALE, Book
from tests.bench.load.soak.truth import QUESTIONS

KEYS = 200
COUNTED = 20_000_000
CANCEL_AFTER_S = 0.15
CONNECT_TIMEOUT_S = 20
OWN = "SELECT key, value FROM soaked WHERE client = %s ORDER BY key"
SET = (
    "INSERT INTO soaked VALUES (%s, %s, %s)"
    " ON CONFLICT (client, key) DO UPDATE SET value = excluded.value"
)

Step = Callable[[psycopg.Connection], None]


class PsycopgClient:
    """One step at a time, chosen at random; what it raises is for whoever runs it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.connection: psycopg.Connection | None = None
        ask, write = [self.ask, self.ask_prepared], [self.write, self.transact, self.copy_in]
        rare = [self.copy_out, self.pipeline, self.cursor, self.temporary, self.large]
        wrong = [self.fail, self.refused, self.seal]
        self.steps: list[Step] = [*ask * 8, *write * 2, *rare, *wrong, self.cancel]

    def step(self) -> None:
        """Whatever comes next, on the connection there is or a new one."""
        if self.connection is None:
            conninfo = self.book.site.conninfo(
                application_name=self.book.name, connect_timeout=str(CONNECT_TIMEOUT_S),
                sslmode=self.book.random.choice(("disable", "prefer")),
            )  # fmt: skip
            self.connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
            self.book.connected = True
        step = self.book.random.choice(self.steps)
        try:
            step(self.connection)
        except psycopg.Error as error:
            if error.sqlstate not in STALE:
                raise
            self.book.gave_up()
            self.connection.execute("ROLLBACK")
            self.connection.execute("DEALLOCATE ALL")

    def drop(self) -> None:
        """Forget the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                connection.close()

    def ask(self, connection: psycopg.Connection) -> None:
        asked, mark = self.book.truth.ask(self.book.random), self.book.mark()
        text = QUESTIONS[asked[0]].format(mark=mark, id=asked[1])
        rows = connection.execute(text.encode()).fetchall()
        self.book.require(self.book.truth.holds(asked, mark, rows), f"simple question {asked}")
        self.book.answered("simple", mark)

    def ask_prepared(self, connection: psycopg.Connection) -> None:
        asked, mark = self.book.truth.ask(self.book.random), self.book.mark()
        text = QUESTIONS[asked[0]].replace("%", "%%").format(mark="%(mark)s", id="%(id)s::bigint")
        values = {"mark": mark, "id": asked[1]}
        prepare = self.book.random.random() < 0.7
        rows = connection.execute(text.encode(), values, prepare=prepare).fetchall()
        self.book.require(self.book.truth.holds(asked, mark, rows), f"prepared question {asked}")
        self.book.answered("prepared" if prepare else "extended", mark)

    def write(self, connection: psycopg.Connection) -> None:
        key, mark = self.book.random.randrange(KEYS), self.book.mark()
        self.book.intend({key: mark})
        done = connection.execute(SET, [self.book.number, key, mark])
        self.book.require(done.statusmessage == "INSERT 0 1", "a write of one row")
        self.book.wrote()
        self.book.answered("write", mark)

    def transact(self, connection: psycopg.Connection) -> None:
        """Some rows, some of them taken back by a savepoint, and all or none of it."""
        random, number = self.book.random, self.book.number
        kept = {random.randrange(KEYS): self.book.mark() for _ in range(3)}
        commits = random.random() < 0.7
        connection.execute("BEGIN")
        for key, mark in kept.items():
            connection.execute(SET, [number, key, mark])
        connection.execute("SAVEPOINT before")
        connection.execute(SET, [number, 0, self.book.mark()])
        connection.execute("ROLLBACK TO SAVEPOINT before")
        seen: dict[int, int] = dict(connection.execute(OWN, [number]).fetchall())
        self.book.require(seen == {**self.book.rows, **kept}, "a transaction sees its own rows")
        if commits:
            self.book.intend(kept)
            done = connection.execute("COMMIT")
            self.book.require(done.statusmessage == "COMMIT", "COMMIT")
            self.book.wrote()
        else:
            connection.execute("ROLLBACK")
        self.book.answered("transaction")

    def copy_in(self, connection: psycopg.Connection) -> None:
        random, number = self.book.random, self.book.number
        connection.execute("BEGIN")
        connection.execute("DELETE FROM soaked WHERE client = %s AND key >= %s", [number, KEYS])
        new = {KEYS + n: self.book.mark() for n in range(random.randrange(1, 300))}
        with connection.cursor().copy("COPY soaked FROM STDIN") as copy:
            for key, value in new.items():
                copy.write_row((number, key, value))
        kept = {key: value for key, value in self.book.rows.items() if key < KEYS}
        self.book.maybe = {**kept, **new}
        connection.execute("COMMIT")
        self.book.wrote()
        self.book.answered("copy in")

    def copy_out(self, connection: psycopg.Connection) -> None:
        mark = self.book.mark()
        text = f"COPY (SELECT {mark}::bigint, key, value FROM soaked WHERE client = "
        text += f"{self.book.number} ORDER BY key) TO STDOUT"
        with connection.cursor().copy(text.encode()) as copy:
            rows = [tuple(map(int, row)) for row in copy.rows()]
        expected = [(mark, *pair) for pair in sorted(self.book.rows.items())]
        self.book.require(rows == expected, "a copy of its own rows")
        self.book.answered("copy out", mark)

    def pipeline(self, connection: psycopg.Connection) -> None:
        """Questions at once, in the middle one that fails: what is behind it is not run."""
        asked = [(self.book.truth.ask(self.book.random), self.book.mark()) for _ in range(6)]
        broken = self.book.random.random() < 0.3
        cursors = []
        try:
            with connection.pipeline():
                for number, ((question, about), mark) in enumerate(asked):
                    if broken and number == 3:
                        connection.execute(f"SELECT {mark}::bigint / 0".encode())
                    text = QUESTIONS[question].replace("%", "%%")
                    text = text.format(mark="%(mark)s", id="%(id)s::bigint")
                    values = {"mark": mark, "id": about}
                    cursors.append(connection.execute(text.encode(), values))
        except errors.DivisionByZero:
            self.book.require(broken, "an error that was not asked for")
            self.book.answered("pipeline, broken")
            return
        self.book.require(not broken, "the error in a pipeline")
        for cursor, (answered, mark) in zip(cursors, asked, strict=True):
            rows = cursor.fetchall()
            self.book.require(self.book.truth.holds(answered, mark, rows), f"piped {answered}")
            self.book.answered("pipeline", mark)

    def cursor(self, connection: psycopg.Connection) -> None:
        expected = sorted(self.book.rows.items())
        with connection.transaction(), connection.cursor(name="own") as cursor:
            cursor.itersize = 70
            cursor.execute(OWN, [self.book.number])
            rows = list(cursor)
        self.book.require(rows == expected, "its own rows by a cursor")
        self.book.answered("cursor")

    def temporary(self, connection: psycopg.Connection) -> None:
        mark = self.book.mark()
        text = f"CREATE TEMP TABLE mine AS SELECT {mark}::bigint AS m, cp_id FROM case_person"
        connection.execute(f"{text} WHERE cp_id < 30".encode())
        rows = connection.execute("SELECT m, count(*) FROM mine GROUP BY m").fetchall()
        connection.execute("DROP TABLE mine")
        visible = connection.execute("SELECT count(*) FROM case_person WHERE cp_id < 30").fetchone()
        self.book.require(rows == [(mark, *(visible or ()))], "a temporary table")
        self.book.answered("temporary", mark)

    def large(self, connection: psycopg.Connection) -> None:
        mark = self.book.mark()
        text = f"SELECT {mark}::bigint, g FROM generate_series(1, 20000) AS g"
        rows = connection.execute(text.encode()).fetchall()
        self.book.require(rows == [(mark, g) for g in range(1, 20001)], "a large answer")
        self.book.answered("large", mark)

    def fail(self, connection: psycopg.Connection) -> None:
        mark = self.book.mark()
        with suppress(errors.DivisionByZero):
            connection.execute(f"SELECT {mark}::bigint / 0".encode())
            self.book.require(False, "an error that did not come")
        self.book.answered("error", mark)

    def refused(self, connection: psycopg.Connection) -> None:
        mark = self.book.mark()
        with suppress(errors.InsufficientPrivilege):
            connection.execute(f"SELECT {mark}::bigint, pg_read_file('PG_VERSION')".encode())
            self.book.require(False, "a refusal that did not come")
        self.book.answered("refusal", mark)

    def seal(self, connection: psycopg.Connection) -> None:
        """Whoever is entered as a minor is gone from that moment on, for reading and writing."""
        mark = self.book.mark()
        born = (
            f"INSERT INTO person (person_id, name, birth_date) VALUES ({mark}, 'X', '2012-01-01')"
        )
        filed = f"INSERT INTO case_file (case_id, case_no, org_code) VALUES ({mark}, '{mark}', '9')"
        accused = "INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first) VALUES"
        connection.execute("BEGIN")
        for text in (born, filed, f"{accused} ({mark}, {mark}, {mark}, 'SUSPECT', '2025-01-01')"):
            connection.execute(text.encode())
        connection.execute("COMMIT")
        keys = {"person": "person_id", "case_file": "case_id", "case_person": "cp_id"}
        for table, key in keys.items():
            text = f"SELECT 1 FROM {table} WHERE {key} = {mark}"
            rows = connection.execute(text.encode()).fetchall()
            self.book.require(rows == [], "somebody sealed is shown")
        done = connection.execute(
            f"UPDATE person SET phone = '1' WHERE person_id = {mark}".encode()
        )
        self.book.require(done.statusmessage == "UPDATE 0", "somebody sealed is changed")
        self.book.answered("seal", mark)

    def cancel(self, connection: psycopg.Connection) -> None:
        mark = self.book.mark()
        timer = threading.Timer(CANCEL_AFTER_S, _cancel, [connection])
        timer.start()
        text = f"SELECT {mark}::bigint, count(*) FROM generate_series(1, {COUNTED})"
        try:
            rows = connection.execute(text.encode()).fetchall()
            self.book.require(rows == [(mark, COUNTED)], "an answer that was not cancelled")
        except errors.QueryCanceled:
            pass
        finally:
            timer.join()
        self.book.answered("cancel", mark)


def _cancel(connection: psycopg.Connection) -> None:
    """It may be lost as any other connection."""
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe()  # the other way keeps all threads from running
