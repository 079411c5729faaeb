"""Names and literals come out of the grammar that judges them as the server reads them: folded,
cut at 63 bytes between characters, unescaped; on a real server, whatever letters they are of."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.statement.grammar import NotUnderstood, parse_tree

LETTERS = st.sampled_from("aZé ÄİıK封存髙𠮷\u00a0\u3000\ufeff\u0301\u202eß_$1")
names = st.text(LETTERS, max_size=70) | st.integers(15, 70).map(lambda n: "封" * n)
PIECES = ["\\", "'", "''", "\\'", "\\u5c01", "\\x41", "\\345\\260\\201", "\\n", "封", "\\\\", "a",
          "!5c01", "!+01f600", "!!", "$a$", "$", "\ufeff"]  # fmt: skip
bodies = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
FORMS = ["'{}'", "E'{}'", "U&'{}' UESCAPE '!'", "$q${}$q$", "B'01{}'", "N'{}'", "$封${}$封$"]


@pytest.fixture(scope="module")
def connection(postgres):
    with postgres.database().connect() as opened:
        opened.execute("SET backslash_quote = safe_encoding")
        yield opened


def of_the_server(connection, text):
    """Name and value of the first column; None for an error."""
    result = connection.pgconn.exec_(text.encode())
    if not result.nfields:
        return None
    return result.fname(0).decode(), (result.get_value(0, 0) or b"").decode()


def column(text):
    """What the grammar makes of the first column; None where it is not understood."""
    try:
        (statement,) = parse_tree(text)
    except (NotUnderstood, ValueError):
        return None
    return statement["stmt"]["SelectStmt"]["targetList"][0]["ResTarget"]


@settings(deadline=None)
@given(name=names, quoted=st.booleans())
@example("封" * 22, False)
@example("a" + "封" * 21, True)
@example("K", False)
@example("İÄ", False)
def test_a_name_is_folded_and_cut_as_by_the_server(connection, name, quoted):
    text = f'SELECT 1 AS "{name}"' if quoted else f"SELECT 1 AS x{name}"
    theirs, ours = of_the_server(connection, text), column(text)
    if theirs is not None and ours is not None:
        assert ours["name"] == theirs[0]


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None)
@given(body=bodies)
def test_a_literal_ends_and_means_what_it_does_on_the_server(connection, form, body):
    text = "SELECT " + form.format(body) + " AS a, 2"
    theirs, ours = of_the_server(connection, text), column(text)
    if theirs is not None and ours is not None:
        value = ours["val"]
        constant = value.get("TypeCast", {}).get("arg", value)["A_Const"]
        found = constant.get("sval", {}).get("sval", constant.get("bsval", {}).get("bsval", ""))
        assert (ours["name"], found.removeprefix("b")) == theirs
