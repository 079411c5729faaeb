"""What may be declared as a statistic, and for whom."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.names import QualifiedName
from proxy.settings.law import law_of
from proxy.settings.problems import ConfigurationProblems, parse_document
from proxy.settings.statistic import StatisticTable

HEAD = """
[relation."public.a"]
article = "第1条"
subject = "who"
identifies = "no"
visible_when = "EXISTS (SELECT 1 FROM public.b AS b_ WHERE b_.id = self.id)"

[relation."public.b"]
article = "第1条"
visible_when = "false"
mask = { name = "'x'" }
mask_for_outsiders = { name = "'x'", label = "NULL" }

[relation."public.c"]
article = "第1条"
follows = { relation = "public.a", on = { a = "id" } }

[relation."public.d"]
article = "第1条"
mask = { name = "'x'" }
mask_unless = "self.kind = 1"
masked_rows_hidden = true

[relation."public.e"]
article = "第1条"
follows = { relation = "public.d", on = { d = "id" } }

[relation."public.open"]
open = true

[[principal]]
name = "court"
kind = "judicial"
match = { user = "court" }

[[principal]]
name = "bureau"
kind = "unit"
match = { user = "bureau" }
"""
OF_B = "SELECT b.kind, count(*) FROM public.b AS b WHERE b.day < DATE '2026-01-01' GROUP BY b.kind"
OF_A = (
    "SELECT a.kind, count(DISTINCT a.who) FROM public.a AS a WHERE a.day < DATE '2026-01-01'"
    " GROUP BY a.kind"
)


def declaring(*statements, name="s", principals='["court", "bureau"]', more=""):
    tables = (
        f'[[statistic]]\nname = "{name}{number}"\narticle = "第2条"\n'
        f"principals = {principals}\nsql = '''{sql}'''\n{more}\n"
        for number, sql in enumerate(statements)
    )
    return "\n".join(tables)


def law(text):
    return law_of(parse_document(Path("policy.toml"), (HEAD + text).encode()))


def problems(text):
    with pytest.raises(ConfigurationProblems) as found:
        law(text)
    return str(found.value)


def test_what_is_declared_is_law():
    made = law(declaring(OF_B.replace("b.kind,", "b.kind -- 类别\n,"), OF_A))
    first, second = made.statistics
    assert (first.name, first.article, first.least) == ("s0", "第2条", 10)
    assert first.principals == {"court", "bureau"}
    assert first.sql == OF_B.replace("b.kind,", "b.kind ,")
    assert second.counting.relations == (("a", QualifiedName("public", "a")),)


def test_constants_that_are_not_ascii_are_sent_in_ascii():
    sql = OF_B.replace("GROUP", "AND b.kind = '盗窃' GROUP")
    assert law(declaring(sql)).statistics[0].sql.isascii()


@pytest.mark.parametrize("kind", ["platform", "counter", "handler", "administrator"])
def test_no_other_kind_is_given_one(kind):
    other = f'[[principal]]\nname = "other"\nkind = "{kind}"\nmatch = {{ user = "other" }}\n'
    said = problems(declaring(OF_B, principals='["court", "other"]') + other)
    assert '"other" is no principal of kind judicial or unit' in said
    assert "statistic[0].principals" in said


def test_nobody_who_is_not_there_is_given_one():
    assert '"nobody" is no principal' in problems(declaring(OF_B, principals='["nobody"]'))


A_TWICE = OF_A.replace("WHERE", "JOIN public.b AS b ON b.id = a.id WHERE")
OF_C = "SELECT c.kind, count(*) FROM public.c AS c WHERE c.day < DATE '2026-01-01' GROUP BY c.kind"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELEC 1", "not a SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("DELETE FROM public.b", "one SELECT"),
        (OF_B.replace("count(*)", "sum(b.n)"), "one count"),
        (OF_B.replace("b.day < DATE '2026-01-01'", "b.kind = 1"), "where the period ends"),
        (OF_B.replace("public.b", "public.open"), "not sealed"),
        (OF_B.replace("public.b", "public.nowhere"), "not sealed"),
        (OF_B.replace("b.kind", "b.name"), "b.name is masked"),
        (OF_B.replace("b.kind", "b.label"), "b.label is masked"),
        (OF_B.replace("WHERE", "WHERE b.label IS NULL AND"), "b.label is masked"),
        (OF_A.replace("DISTINCT a.who", "DISTINCT a.id"), "count(DISTINCT a.who)"),
        (OF_A.replace("count(DISTINCT a.who)", "count(*)"), "count(DISTINCT a.who)"),
        (OF_A.replace("a.kind", "a.no"), "whose record"),
        (OF_A.replace("a.kind", "a.who"), "whose record"),
        (OF_A.replace("WHERE", "WHERE a.no = '1' AND"), "whose record"),
        (OF_C, "join public.a"),
        (OF_A.replace("AS a", "AS b_").replace("a.", "b_."), "take another"),
        (OF_B.replace("public.b", "public.d"), "masked_rows_hidden"),
        (OF_B.replace("public.b", "public.e"), "masked_rows_hidden"),
    ],
)  # fmt: skip
def test_what_would_tell_is_no_statistic(sql, says):
    assert says in problems(declaring(sql))


def test_records_are_in_one_table_alone():
    said = problems(declaring(OF_B, A_TWICE))
    assert 'public.b is counted in "s0"' in said
    assert "statistic[1].sql" in said
    assert "two statistics" in problems(declaring(OF_B) + declaring(OF_A))


@pytest.mark.parametrize("least", [4, 0, -1, "10", 10.0])
def test_a_cell_is_five_at_least(least):
    with pytest.raises(ValidationError):
        StatisticTable(name="s", article="x", principals=("court",), least=least, sql=OF_B)
