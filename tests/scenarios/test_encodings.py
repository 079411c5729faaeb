"""Every client encoding before the real service: the same bytes get the same answer as from a
database without sealed rows, and bytes that could be read in two ways get none."""

import os
import subprocess
from dataclasses import replace

import asyncpg
import psycopg
import pytest
from psycopg.pq import ExecStatus

from proxy.wire.postgres.encoding import CODECS, encode_exactly
from tests.drivers.raw import SYNC, RawClient, bind, execute, message, parse, tags
from tests.scenarios.service import running_service
from tests.world import HOST, PASSWORD

USER = "agency_app"
WORDS = {
    "UTF8": "盗窃𠮷ß",
    "SQL_ASCII": "盗窃𠮷ß",
    "GBK": "盗窃縗〇",
    "GB18030": "盗窃𠮷乗",
    "EUC_CN": "盗窃",
    "BIG5": "功能裏徑",
    "SJIS": "表示髙ｿ①",
    "EUC_JP": "表示能力",
    "UHC": "갂한국",
    "WIN1251": "Жук",
    "WIN1253": "Ωμ",
    "WIN1255": "אב",
    "WIN1256": "كتاب",
    "WIN874": "กข",
    "WIN866": "Жук",
}
# Rewritten: names, literals and comments in the client's own script around a protected table.
STATEMENTS = {
    "filter": "SELECT cp_id AS \"{w}\", '{w}' AS {w} FROM base.case_person"
    " WHERE role <> '{w}' /* {w} */ ORDER BY 1",
    "fence": 'SELECT count(*) AS "{w}" FROM base.case_person AS "{w}"'
    " WHERE lower(\"{w}\".role) || '{w}' LIKE '%{w}'",
    "escapes": "SELECT E'{w}\\\\', E'{w}''', $q{w}$'{w}'\\$q{w}$, U&'{w}!0041' UESCAPE '!', B'01',"
    " 'a\\', cp_id FROM base.case_person ORDER BY cp_id -- {w}",
    "update": "UPDATE base.case_person SET role = '{w}' WHERE role = '{w}' RETURNING '{w}'",
    "passed": "SELECT '{w}' AS \"{w}\", length('{w}')",
}
# One character whose last byte is a backslash.
BACKSLASHES = {"GBK": b"\xbf\x5c", "GB18030": b"\xbf\x5c", "SJIS": b"\x95\x5c", "BIG5": b"\xa5\x5c"}


def word(encoding):
    return WORDS.get(encoding, "éü")


@pytest.fixture(scope="module")
def site(agency, tmp_path_factory):
    with running_service(agency, tmp_path_factory.mktemp("site")) as service:
        yield service.site


def connect(conninfo, encoding):
    return psycopg.connect(conninfo, autocommit=True, client_encoding=encoding)


def ask(connection, raw):
    """Status, names and values of the simple protocol's answer, as bytes; an error's SQLSTATE."""
    result = connection.pgconn.exec_(raw)
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result.error_field(ord("C"))
    columns, rows = range(result.nfields), range(result.ntuples)
    names = [result.fname(column) for column in columns]
    values = [[result.get_value(row, column) for column in columns] for row in rows]
    return result.command_status, names, values


@pytest.fixture(params=CODECS)
def encoding(request):
    return request.param


@pytest.fixture
def both(site, agency_pruned, encoding):
    """The same role through the proxy, and before the database where nothing is sealed."""
    direct = connect(agency_pruned.conninfo(USER, host=HOST), encoding)
    with connect(site.conninfo(USER), encoding) as ours, direct:
        yield ours, direct


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_the_answer_is_that_of_the_database_without_sealed_rows(both, encoding, statement):
    raw = encode_exactly(statement.format(w=word(encoding)), CODECS[encoding])
    assert raw is not None
    ours, direct = both
    answer = ask(ours, raw)
    assert answer == ask(direct, raw)
    assert isinstance(answer, tuple)


@pytest.mark.parametrize("encoding", BACKSLASHES, indirect=True)
def test_a_backslash_inside_a_character_hides_no_quote(both, encoding):
    character = BACKSLASHES[encoding]
    for raw in (
        b"SELECT E'" + character + b"', cp_id FROM base.case_person ORDER BY cp_id --'",
        b"SELECT '" + character + b"', cp_id FROM base.case_person ORDER BY cp_id --'",
        b'SELECT cp_id AS "' + character + b'" FROM base.case_person ORDER BY 1 --"',
        b"SELECT cp_id AS " + character + b"x FROM base.case_person ORDER BY 1",
    ):
        answer = ask(both[0], raw)
        assert answer == ask(both[1], raw)
        assert isinstance(answer, tuple)


def test_a_backslash_before_a_quote_is_what_the_server_takes_it_for(both):
    """With backslash_quote = safe_encoding that depends on the client's encoding alone."""
    ours, direct = both
    raw = b"SELECT E'a\\', cp_id FROM base.case_person ORDER BY cp_id --'"
    assert ask(ours, raw) == ask(direct, raw)


HALVES = {
    "UTF8": [b"\xe5\xb0", b"\xc0\xa7", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xff"],
    "SQL_ASCII": [b"\xb7\xe2", b"\xc0\xa7"],
    "GBK": [b"\xbf", b"\x80", b"\xff"],
    "GB18030": [b"\x81", b"\x81\x30", b"\x81\x30\x81", b"\xfe\x39\xfe\x39"],
    "EUC_CN": [b"\xb7", b"\x81\x40"],
    "SJIS": [b"\x95", b"\x80", b"\xa0", b"\xfd", b"\xf0\x40"],
    "BIG5": [b"\xa5", b"\xf9", b"\xa1\x5a", b"\xa1\xfe"],
    "EUC_JP": [b"\x8f\xa2", b"\xa1\xc1", b"\x8e"],
    "UHC": [b"\x81", b"\xc9\xa1"],
    "WIN1252": [b"\x81"],
}


@pytest.mark.parametrize("encoding", HALVES, indirect=True)
def test_what_is_no_character_or_a_doubtful_one_is_refused_and_the_session_goes_on(both, encoding):
    ours, _ = both
    for half in HALVES[encoding]:
        for raw in (b"SELECT '" + half, b"SELECT '" + half + b"'", b"SELECT 1 --" + half):
            assert ask(ours, raw) == b"42501"
    assert ask(ours, b"SELECT 1") == (b"SELECT 1", [b"?column?"], [[b"1"]])


def test_a_refusal_is_readable_in_every_encoding(both, encoding):
    ours, _ = both
    result = ours.pgconn.exec_(b"TABLE pg_catalog.pg_statistic")
    fields = [result.error_field(ord(letter)) or b"" for letter in "MDH"]
    message, detail, hint = (field.decode(CODECS[encoding]) for field in fields)
    assert "?" not in message + detail + hint
    chinese = encoding in ("UTF8", "SQL_ASCII", "GBK", "GB18030", "EUC_CN")
    assert bool(detail) is chinese


@pytest.mark.parametrize(
    "change",
    [
        "SET NAMES 'SJIS'",
        "SET client_encoding TO 'Shift_JIS'",
        "SET client_encoding = windows932",
        "SET SESSION client_encoding TO sjis",
    ],
)
def test_every_way_of_setting_it_is_followed(site, change):
    with connect(site.conninfo(USER), "UTF8") as connection:
        attack = b"SELECT E'\x95\x5c', count(*) FROM base.case_person --'"
        assert ask(connection, attack) == b"42501"
        assert ask(connection, change.encode())[0] == b"SET"
        assert ask(connection, attack)[2][0][0] == b"\x95\x5c"
        assert ask(connection, b"RESET client_encoding")[0] == b"RESET"
        assert ask(connection, attack) == b"42501"


@pytest.mark.parametrize(
    "change",
    [
        "SET client_encoding TO 'EUC_KR'",
        "SET NAMES 'JOHAB'",
        "SET client_encoding TO mule_internal",
        "SELECT set_config('client_encoding', 'SJIS', false)",
        "SELECT set_config('client' || '_encoding', 'SJIS', false)",
        "UPDATE pg_catalog.pg_settings SET setting = 'SJIS' WHERE name = 'client_encoding'",
        "SELECT 1; SET client_encoding TO 'SJIS'",
        "BEGIN; SET LOCAL client_encoding TO 'SJIS'",
        "SET LOCAL client_encoding TO 'SJIS'",
        "ALTER ROLE agency_app SET client_encoding TO 'SJIS'",
        "DO $$BEGIN SET client_encoding TO 'SJIS'; END$$",
        "SET standard_conforming_strings = off",
        "SET backslash_quote = on",
        "RESET ALL; SELECT 1",
    ],
)
def test_every_other_way_is_refused(site, change):
    with connect(site.conninfo(USER), "UTF8") as connection:
        assert ask(connection, change.encode()) == b"42501"
        assert ask(connection, b"ROLLBACK") is not None
        assert ask(connection, b"SHOW client_encoding")[2] == [[b"UTF8"]]


def test_a_change_in_a_transaction_that_may_be_rolled_back_is_refused(site):
    with connect(site.conninfo(USER), "GBK") as connection:
        ask(connection, b"BEGIN")
        assert ask(connection, b"SET client_encoding TO 'SJIS'") == b"42501"


def test_values_are_read_by_the_server_in_the_encoding_of_the_moment(site):
    """Prepared in one encoding and bound in another: no value is ever part of a text."""
    with RawClient(HOST, site.port) as client:
        client.start(user=USER, database=site.database.name, client_encoding="UTF8")
        client.send(parse("SELECT convert_to($1, 'UTF8'), '封' WHERE $1 <> ''", "s"), SYNC)
        client.until("Z")
        client.send(parse("SET client_encoding TO 'SJIS'"), bind(), execute(), SYNC)
        client.until("Z")
        value = b"\x95\x5c'"
        bound = message("B", b"\0s\0\0\0\0\1" + len(value).to_bytes(4, "big") + value + b"\0\0")
        client.send(bound, execute(), SYNC)
        received = client.until("Z")
        assert tags(received)[:1] == "2"
        assert "表'".encode().hex().encode() in b"".join(m.body for m in received)


@pytest.mark.parametrize("name", ["封", "n" * 64])
def test_names_of_the_protocol_that_could_be_read_otherwise_end_the_session(site, name):
    with RawClient(HOST, site.port) as client:
        client.start(user=USER, database=site.database.name, client_encoding="UTF8")
        client.send(parse("SELECT 1", name), SYNC)
        assert client.until("Z")[-1].fields["C"] == "08P01"


@pytest.mark.parametrize(
    "where", ["ROLE agency_app", "DATABASE {}", "ROLE agency_app IN DATABASE {}"]
)
def test_an_encoding_of_the_roles_or_the_databases_own_counts(agency_copy, tmp_path, where):
    scope = where.format(agency_copy.name)
    agency_copy.run(f"ALTER {scope} SET client_encoding TO 'SJIS'")
    try:
        with (
            running_service(agency_copy, tmp_path) as service,
            RawClient(HOST, service.site.port) as client,
        ):
            client.start(user=USER, database=agency_copy.name)
            client.send(message("Q", b"SELECT E'\x95\x5c', count(*) FROM base.case_person --'\0"))
            received = client.until("Z")
            assert tags(received) == "TDCZ"
            assert b"\x95\x5c" in received[1].body
    finally:
        agency_copy.run(f"ALTER {scope} RESET client_encoding")


@pytest.mark.parametrize("encoding", ["UTF8", "GBK", "BIG5", "SJIS", "WIN1252"])
def test_psql_in_its_own_encoding(site, agency_pruned, encoding):
    text = STATEMENTS["filter"].format(w=word(encoding))
    script = encode_exactly(text, CODECS[encoding])
    printed = [
        subprocess.run(
            ["psql", "-X", "-A", "-d", conninfo],
            input=script,
            capture_output=True,
            timeout=60,
            env={**os.environ, "PGCLIENTENCODING": encoding, "PGPASSWORD": PASSWORD},
        )
        for conninfo in (site.conninfo(USER), agency_pruned.conninfo(USER, host=HOST))
    ]
    assert printed[0].stdout == printed[1].stdout != b""
    assert (printed[0].returncode, printed[0].stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["utf8", "gbk", "gb18030", "big5", "sjis", "win1252"])
async def test_asyncpg_in_its_own_encoding(site, agency_pruned, encoding):
    """It writes every text in UTF-8, whatever the session's encoding, and values in that."""
    word = {"big5": "功能", "sjis": "表示", "win1252": "éü€"}.get(encoding, "盗窃")
    text = "SELECT cp_id, $1::text AS b FROM base.case_person WHERE role <> $2 ORDER BY 1"
    answers = []
    for database in (replace(site.database, port=site.port), agency_pruned):
        connection = await asyncpg.connect(database.url(USER))
        await connection.execute(f"SET client_encoding TO {encoding}")
        answers.append([tuple(row) for row in await connection.fetch(text, word, word)])
        await connection.close()
    assert answers[0] == answers[1]
    assert answers[0][0][1] == word
