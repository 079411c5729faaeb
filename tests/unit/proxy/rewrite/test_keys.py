import pytest

from tests.unit.proxy.small_world import plan

CONDITION = "lower(name) = 'x'"


def sent(sql):
    text = plan(sql).text
    assert text is not None
    return text


@pytest.mark.parametrize(
    ("condition", "inside"),
    [
        ("id = 5", 'fc_row."id" = 5 AND '),
        ("id = '5'", "fc_row.\"id\" = '5' AND "),
        ("id = $1", 'fc_row."id" = $1 AND '),
        ("id BETWEEN 1 AND 9", 'fc_row."id" >= 1 AND fc_row."id" <= 9 AND '),
        ("name = '中' AND id < 7", 'fc_row."name" = \'中\' AND fc_row."id" < 7 AND '),
        ("id = 5 OR name = 'a'", ""),
        ("id = -5", ""),
        ("name = E'a'", ""),
        ("name = $$a$$", ""),
        ("name = 'a''b'", ""),
        ("name = U&'a'", ""),
        ("id = $1 AND name = $1", ""),
    ],
)
def test_a_fence_lets_the_keys_through_that_are_written_plainly(condition, inside):
    text = sent(f"SELECT 1 FROM cases WHERE {condition} AND {CONDITION}")
    assert f'AS fc_row WHERE {inside}(("fc_row".flag' in text
    assert text.endswith(f"WHERE {condition} AND {CONDITION}")


def test_a_masked_column_is_compared_outside_alone():
    text = sent(f"SELECT 1 FROM victims WHERE id = 5 AND name = 'a' AND {CONDITION}")
    assert 'WHERE fc_row."id" = 5 AND true UNION ALL' in text


def test_without_a_fence_nothing_is_said_twice():
    assert sent("SELECT 1 FROM cases WHERE id = 5").count("= 5") == 1
    assert sent("SELECT 1 FROM victims WHERE id = 5").count("= 5") == 1


@pytest.mark.parametrize("verb", ["UPDATE cases AS c SET name = 'b'", "DELETE FROM cases AS c"])
def test_a_guard_lets_the_keys_through(verb):
    text = sent(f"{verb} WHERE c.id = 5 AND {CONDITION}")
    assert ' WHERE "c"."id" = 5 AND CASE WHEN ((' in text
    assert text.endswith(f"THEN ( c.id = 5 AND {CONDITION}) ELSE false END")


def test_each_relation_has_its_own_keys():
    text = sent(
        "SELECT 1 FROM cases c, sentences s"
        " WHERE c.id = 1 AND s.months = 2 AND lower(c.name) = 'x' AND abs(s.months) = 3"
    )
    assert text.count('fc_row."id" = 1') == text.count('fc_row."months" = 2') == 1
