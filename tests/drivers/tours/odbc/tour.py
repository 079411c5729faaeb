"""What applications do with psqlODBC, by pyodbc and by isql. Where the database is, the variables
of libpq say."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pyodbc

DRIVER = "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so"
SHOWN_MAX = 60


class Log:
    """One line a step: its name, and what came of it in a form that two runs have alike."""

    def __init__(self, *, states_only: bool) -> None:
        # Error texts are not promised to be alike where rows are sealed: then SQLSTATE alone.
        self._states_only = states_only

    def step(self, name: str, run: Callable[[], object]) -> None:
        """Run a step; what it returns or raises is printed."""
        try:
            shown = str(run())
        except pyodbc.Error as error:
            text = "" if self._states_only else " ".join(map(str, error.args[1:]))
            shown = f"ERROR {error.args[0]} {text}"
        print(f"{name}: {shown}".replace("\n", "\\n"), flush=True)


def connect(**options: str) -> pyodbc.Connection:
    """Options of the driver are written as in odbc.ini."""
    environment = os.environ
    settings = {
        "Driver": DRIVER,
        "Server": environment["PGHOST"],
        "Port": environment["PGPORT"],
        "Database": environment["PGDATABASE"],
        "UID": environment["PGUSER"],
        "PWD": environment["PGPASSWORD"],
        # In an application's own words; libpq reads the root certificate from its variable.
        "SSLmode": environment["PGSSLMODE"],
        **options,
    }
    joined = ";".join(f"{name}={value}" for name, value in settings.items())
    return pyodbc.connect(joined, autocommit=True)


def rows(cursor: pyodbc.Cursor) -> list[object]:
    """Every result: columns and rows, or how many rows were touched."""
    results: list[object] = []
    while True:
        if cursor.description is None:
            results.append(cursor.rowcount)
        else:
            names = [column[0] for column in cursor.description]
            # No two databases have these alike.
            kept = [place for place, name in enumerate(names) if name != "table oid"]
            described = [cursor.description[place] for place in kept]
            columns = [(name, kind.__name__, *rest) for name, kind, *rest in described]
            found = [tuple(row[place] for place in kept) for row in cursor.fetchall()]
            if len(found) > SHOWN_MAX:
                digest = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
                results.append((columns, len(found), digest))
            else:
                results.append((columns, found))
        if not cursor.nextset():
            return results


def isql(*statements: str) -> str:
    """What isql prints for a batch of statements, without a DSN."""
    environment = os.environ
    text = ";".join(
        (
            f"Driver={DRIVER}",
            f"Server={environment['PGHOST']}",
            f"Port={environment['PGPORT']}",
            f"Database={environment['PGDATABASE']}",
            f"UID={environment['PGUSER']}",
            f"PWD={environment['PGPASSWORD']}",
            f"SSLmode={environment['PGSSLMODE']}",
        )
    )
    done = subprocess.run(
        ["isql", "-b", "-k", text], input="\n".join(statements) + "\n",
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return f"{done.returncode} {done.stdout} {done.stderr}"


VARIETIES = {
    "server-side": {"UseServerSidePrepare": "1"},
    "client-side": {"UseServerSidePrepare": "0"},
    "fetched": {"UseDeclareFetch": "1", "Fetch": "7"},
    "statement-savepoints": {"Protocol": "7.4-2", "ByteaAsLongVarBinary": "1"},
    "transaction-rollback": {"Protocol": "7.4-1", "BoolsAsChar": "0"},
    "no-rollback": {"Protocol": "7.4-0", "TextAsLongVarchar": "0", "LFConversion": "0"},
}
PATH = {"ConnSettings": "SET search_path = tour"}


def queries(log):
    """Each variety of the driver asks the same."""
    for variety, options in VARIETIES.items():
        connection = connect(**PATH, **options)

        def ask(name, text, *values, variety=variety, connection=connection):
            cursor = connection.cursor()
            log.step(f"{name}/{variety}", lambda: rows(cursor.execute(text, *values)))

        ask("simple", "SELECT 1 AS 一, 'x'::text, NULL")
        ask("several", "SELECT 1; UPDATE staff SET salary = salary WHERE id < 4; SELECT 2")
        ask("syntax", "SELEC 1")
        ask("no-table", "SELECT * FROM nowhere WHERE id = ?", 1)
        ask("raised", "SELECT failed(?)", "甲")
        ask("by-code", "SELECT id, name, joined FROM staff WHERE code = ? AND id < ?", "0002", 8)
        ask("bad-parameter", "SELECT ?::int", "abc")
        ask(
            "escapes", "SELECT {fn ucase('a')}, {d '2024-02-29'}, {fn length(name)} FROM department"
        )
        ask("procedure", "{call said(?)}", "通知")
        ask("kinds", "SELECT * FROM kind WHERE id < ? ORDER BY id", 4)
        ask("kinds-literally", "SELECT * FROM kind WHERE id < 4 ORDER BY id")
        written(log, variety, connection)
        transactions(log, variety, connection)
        for again in range(6):
            ask(f"again-{again}", "SELECT name FROM staff WHERE id = ?", again)
        ask(
            "known",
            "SELECT statement FROM pg_prepared_statements WHERE statement !~ 'known' ORDER BY 1",
        )
        connection.close()


def written(log, variety, connection):
    """Values of all kinds, and many rows at once."""
    cursor = connection.cursor()
    insert = (
        "INSERT INTO kind (id, flag, amount, name, raw, doc, uid, day, float8, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    values = (
        20, True, "1234567890123.5", "李四'\"\\%😀", b"\x00\xff\\'", '{"姓名": "王五"}',
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "2004-02-29", 0.1, None,
    )  # fmt: skip
    log.step(f"insert-kinds/{variety}", lambda: cursor.execute(insert, values).rowcount)
    back = "SELECT id, flag, amount, name, raw, doc, uid, day, float8, body FROM kind WHERE id = 20"
    log.step(f"written-kinds/{variety}", lambda: rows(cursor.execute(back)))
    cursor.execute("DELETE FROM kind WHERE id = 20")
    cursor.execute("DELETE FROM written")
    for fast in (False, True):
        cursor.fast_executemany = fast
        for bad in (None, 7):
            first = 100 * (2 * fast + (bad is not None))
            batch = [(first + i, "批", -1 if i == bad else i) for i in range(20)]

            def many(batch=batch):
                cursor.executemany("INSERT INTO written VALUES (?, ?, ?)", batch)
                return cursor.rowcount

            log.step(f"many/{variety}/{fast}/{bad}", many)
    count = "SELECT count(*), sum(id) FROM written"
    log.step(f"many/{variety}/count", lambda: rows(cursor.execute(count)))


def transactions(log, variety, connection):
    """What an error leaves of a transaction depends on the driver's Protocol."""
    connection.autocommit = False
    cursor = connection.cursor()
    for name, text in (
        ("insert", "INSERT INTO department VALUES ('0100', '一')"),
        ("duplicate", "INSERT INTO department VALUES ('0100', '二')"),
        ("after-error", "SELECT count(*) FROM department"),
        ("foreign-key", "DELETE FROM department WHERE code = '0001'"),
    ):
        log.step(f"{name}/{variety}", lambda text=text: rows(cursor.execute(text)))
    log.step(f"commit/{variety}", connection.commit)
    log.step(f"rollback/{variety}", connection.rollback)
    log.step(f"stream/{variety}", lambda: streamed(connection))
    connection.rollback()
    connection.autocommit = True
    cursor.execute("DELETE FROM department WHERE code = '0100'")


def streamed(connection):
    """Two results read row by row in turn."""
    one = connection.cursor().execute("SELECT id, name FROM staff ORDER BY id")
    two = connection.cursor().execute("SELECT i FROM generate_series(1, 100) AS i")
    turns = [(tuple(one.fetchone()), tuple(two.fetchone())) for _ in range(18)]
    return turns, one.fetchmany(5), len(two.fetchall())


def described(log):
    """The catalogue functions: SQLTables and its kin."""
    cursor = connect().cursor()
    for name, ask in (
        ("tables", lambda: cursor.tables(schema="tour")),
        ("tables/some", lambda: cursor.tables(table="st%", schema="tour", tableType="TABLE")),
        ("columns", lambda: cursor.columns(table="staff", schema="tour")),
        ("columns/kinds", lambda: cursor.columns(table="kind", schema="tour")),
        ("primary-keys", lambda: cursor.primaryKeys(table="staff", schema="tour")),
        ("foreign-keys", lambda: cursor.foreignKeys(table="department", schema="tour")),
        ("foreign-keys/of", lambda: cursor.foreignKeys(foreignTable="staff", foreignSchema="tour")),
        ("statistics", lambda: cursor.statistics(table="staff", schema="tour")),
        ("row-id", lambda: cursor.rowIdColumns(table="staff", schema="tour")),
        ("procedures", lambda: cursor.procedures(schema="tour")),
        ("types", lambda: cursor.getTypeInfo()),
    ):
        # A result may be asked for by cursor and by type; both are the driver's own answers.
        log.step(name, lambda ask=ask: rows(ask()))
    connection = cursor.connection
    for name in ("SQL_DBMS_NAME", "SQL_DBMS_VER", "SQL_DRIVER_VER", "SQL_USER_NAME"):
        log.step(f"info/{name}", lambda name=name: connection.getinfo(getattr(pyodbc, name)))
    connection.close()


def transfers(log):
    """Big results, whole and by a cursor of the server."""
    big = (
        "SELECT i, md5(i::text) AS m, repeat('汉', i % 9) AS r FROM generate_series(1, 100000) AS i"
    )
    for name, options in (("whole", {}), ("fetched", {"UseDeclareFetch": "1", "Fetch": "5000"})):
        connection = connect(**options)
        log.step(f"big/{name}", lambda c=connection: rows(c.cursor().execute(big)))
        log.step(f"left-early/{name}", lambda c=connection: c.cursor().execute(big).fetchone())
        log.step(f"after/{name}", lambda c=connection: rows(c.cursor().execute("SELECT 1")))
        wide = ("SELECT md5(?::text)", "汉" * 200_000)
        log.step(f"wide/{name}", lambda c=connection, w=wide: rows(c.cursor().execute(*w)))
        connection.close()
    log.step("isql", lambda: isql("SELECT id, name FROM tour.staff ORDER BY id LIMIT 3", "SELEC"))
    log.step("isql/help", lambda: isql("help tour.staff"))


def endings(log):
    """Cancelled, timed out, ended by the server, refused."""
    connection = connect(**PATH)
    cursor = connection.cursor()
    later = threading.Timer(0.5, cursor.cancel)
    later.start()
    log.step("cancel", lambda: rows(cursor.execute("SELECT pg_sleep(20)")))
    later.join()
    log.step("cancel/after", lambda: rows(cursor.execute("SELECT 1")))
    cursor.execute("SET statement_timeout = 200")
    log.step("statement-timeout", lambda: rows(cursor.execute("SELECT pg_sleep(20)")))
    log.step("discard", lambda: rows(cursor.execute("DISCARD ALL")))
    victim = connect()
    pid = victim.cursor().execute("SELECT pg_backend_pid()").fetchone()[0]
    ends = "SELECT pg_terminate_backend(?, 5000)"
    log.step("terminated", lambda: rows(cursor.execute(ends, pid)))
    # The driver sometimes quotes errno, which depends on what was sent when.
    log.step("terminated/next", lambda: raised(lambda: victim.cursor().execute("SELECT 1")))
    connection.close()
    for options in ({"PWD": "wrong"}, {"ConnSettings": "SET no_such = 1"}):
        log.step(f"refused/{options}", lambda options=options: refused(**options))
    options = {"ConnSettings": "SET application_name = '巡览'", "pqopt": "{options=-cwork_mem=8MB}"}
    told = connect(**options).cursor()
    for name in (
        "application_name",
        "work_mem",
        "client_encoding",
        "DateStyle",
        "extra_float_digits",
    ):
        log.step(f"setting/{name}", lambda name=name: rows(told.execute(f"SHOW {name}")))


def raised(run: Callable[[], object]) -> str:
    """The SQLSTATE of the error that must come."""
    try:
        run()
    except pyodbc.Error as error:
        return str(error.args[0])
    return "nothing"


def refused(**options: str) -> object:
    """Without the port, which is the one thing that differs."""
    try:
        return connect(**options).closed
    except pyodbc.Error as error:
        return re.sub(r"port \d+", "port", str(error))


QUESTIONS = (
    "SELECT * FROM base.person ORDER BY person_id",
    "SELECT * FROM base.case_person ORDER BY cp_id",
    "SELECT * FROM base.victim ORDER BY victim_id",
    "SELECT * FROM base.document ORDER BY doc_id",
    "SELECT case_id, label FROM base.case_file ORDER BY case_id",
    "SELECT count(*), max(cp_id), min(offence_first) FROM base.case_person",
    "SELECT name, role FROM base.person JOIN base.case_person USING (person_id) ORDER BY cp_id",
)
WRITES = (
    ("UPDATE base.case_person SET role = ? WHERE cp_id BETWEEN ? AND ?", "SUSPECT", 1, 40),
    ("DELETE FROM base.sentence WHERE term_months < ?", 40),
)
FAILS = "SELECT 1 / (cp_id - cp_id) FROM base.case_person"


def protected(log):
    """The protected schema: the same without the sealed rows, and through the proxy."""
    by_key = "SELECT role, offence_first FROM base.case_person WHERE person_id = ?"
    for variety, options in VARIETIES.items():
        connection = connect(**options)
        cursor = connection.cursor()
        for i, text in enumerate(QUESTIONS):
            log.step(f"question/{variety}/{i}", lambda c=cursor, text=text: rows(c.execute(text)))
        for person in range(1, 30):
            log.step(f"by-key/{variety}", lambda c=cursor, p=person: rows(c.execute(by_key, p)))
        for name, ask in (
            ("tables", lambda c=cursor: c.tables(schema="base")),
            ("columns", lambda c=cursor: c.columns(table="case_person", schema="base")),
            ("primary-keys", lambda c=cursor: c.primaryKeys(table="person", schema="base")),
            ("foreign-keys", lambda c=cursor: c.foreignKeys(table="person", schema="base")),
            ("statistics", lambda c=cursor: c.statistics(table="person", schema="base")),
        ):
            log.step(f"{name}/{variety}", lambda ask=ask: rows(ask()))
        connection.autocommit = False
        for text, *values in WRITES:
            log.step(
                f"{text.split()[0]}/{variety}",
                lambda c=cursor, t=text, v=values: rows(c.execute(t, *v)),
            )
        connection.rollback()
        log.step(f"error/{variety}", lambda c=cursor: rows(c.execute(FAILS)))
        connection.close()


def main() -> None:
    part = sys.argv[1]
    # Logs of the driver would be written where the tour runs.
    os.chdir(Path(__file__).parent)
    log = Log(states_only=part == "protected")
    if part == "protected":
        protected(log)
    else:
        for walk in (queries, described, transfers, endings):
            walk(log)
    print("the end: reached")


if __name__ == "__main__":
    main()
