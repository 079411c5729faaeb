import pytest

from proxy.statement.facts import SecondOpinion
from tests.unit.proxy.small_world import facts_of


@pytest.mark.parametrize(
    ("sql", "opinion"),
    [
        ("SELECT * FROM cases c JOIN base.sentences s ON true", SecondOpinion.AGREES),
        ('SELECT * FROM CASES, "courts"', SecondOpinion.AGREES),
        ("WITH a AS (SELECT * FROM cases) SELECT * FROM a", SecondOpinion.AGREES),
        ("SELECT * FROM cases c FOR UPDATE OF c", SecondOpinion.AGREES),
        ("INSERT INTO notes SELECT id, name FROM cases", SecondOpinion.AGREES),
        ("SELECT name /*/**/ || ' */ FROM cases --'", SecondOpinion.DISAGREES),
        ("SELECT id #-- '\n 0, name FROM cases --'", SecondOpinion.SILENT),
        ('SELECT * FROM U&"\\0063ases"', SecondOpinion.SILENT),
    ],
)
def test_both_parsers_have_to_name_the_same_relations(sql, opinion):
    found = facts_of(sql).second_opinion
    assert found is opinion or (
        opinion is SecondOpinion.SILENT and found is not SecondOpinion.AGREES
    )
