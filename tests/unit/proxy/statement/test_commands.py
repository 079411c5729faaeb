import pytest

from proxy.statement.commands import (
    CloseCursor,
    CopyIn,
    CopyOut,
    Deallocate,
    Declare,
    Discard,
    Execute,
    Fetch,
    Prepare,
    Setting,
    TransactionControl,
    command,
)
from tests.unit.proxy.small_world import facts_of


@pytest.mark.parametrize(
    ("sql", "meaning"),
    [
        ("SET Search_Path TO a, 'B'", Setting("search_path", ("a", "B"), local=False)),
        ("SET LOCAL work_mem = 64", Setting("work_mem", ("64",), local=True)),
        ("SET x TO DEFAULT", Setting("x", None, local=False)),
        ("RESET x", Setting("x", None, local=False)),
        ("RESET ALL", Setting("*", None, local=False)),
        ("SET NAMES 'gbk'", Setting("client_encoding", ("gbk",), local=False)),
        ("SET TRANSACTION READ ONLY", Setting("transaction *", (), local=True)),
        ("BEGIN", TransactionControl("BEGIN")),
        ("ROLLBACK TO a", TransactionControl("ROLLBACK_TO", "a")),
        ('SAVEPOINT "A b"', TransactionControl("SAVEPOINT", "A b")),
        ("COMMIT AND CHAIN", TransactionControl("COMMIT")),
        ("DISCARD ALL", Discard("ALL")),
        ("DEALLOCATE a", Deallocate("a")),
        ("DEALLOCATE ALL", Deallocate(None)),
        ("CLOSE ALL", CloseCursor(None)),
        ("CLOSE c", CloseCursor("c")),
        ("DECLARE C BINARY CURSOR FOR SELECT 1", Declare("c", held=False)),
        ("DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT 1", Declare("c", held=True)),
        ("FETCH BACKWARD 2 FROM c", Fetch("c")),
        ("MOVE c", Fetch("c")),
        ("PREPARE p (int) AS SELECT $1", Prepare("p")),
        ("EXECUTE p (1)", Execute("p")),
        ("COPY courts TO STDOUT CSV", CopyOut(("format",), selects=True)),
        ("COPY (DELETE FROM courts RETURNING 1) TO STDOUT", CopyOut((), selects=False)),
        ("COPY courts FROM STDIN (HEADER, NULL '')", CopyIn(("header", "null"))),
        ("SELECT 1", None),
    ],
)
def test_a_command_says_what_it_asks_for(sql, meaning):
    found = command(facts_of(sql))
    if sql.startswith("SET TRANSACTION"):
        assert found.name == meaning.name
    else:
        assert found == meaning
