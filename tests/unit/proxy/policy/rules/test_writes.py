import pytest

from tests.unit.proxy.small_world import rule_of


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("INSERT INTO cases VALUES (1)", "nothing-protected"),
        ("INSERT INTO cases VALUES (1) ON CONFLICT DO NOTHING", "conflict-protected"),
        ("INSERT INTO courts VALUES ('a') ON CONFLICT DO NOTHING", "nothing-protected"),
        ("INSERT INTO watched VALUES (1)", "unvetted-trigger"),
        ("INSERT INTO merged VALUES (1)", "nothing-protected"),
        ("INSERT INTO merged VALUES (1) ON CONFLICT DO NOTHING", "unvetted-trigger"),
        ("COPY cases FROM STDIN", "nothing-protected"),
        ("COPY victims (id, name) FROM STDIN", "nothing-protected"),
        ("COPY watched FROM STDIN", "unvetted-trigger"),
        ("COPY merged FROM STDIN", "nothing-protected"),
        ("COPY parted FROM STDIN", "unvetted-trigger"),
        ("UPDATE merged SET id = 1", "unvetted-trigger"),
        ("DELETE FROM merged", "nothing-protected"),
        ("UPDATE logged SET id = 1", "nothing-protected"),
        ("DELETE FROM logged", "unvetted-trigger"),
        ("INSERT INTO parted VALUES (1)", "unvetted-trigger"),
        ("INSERT INTO referred VALUES (1)", "nothing-protected"),
        ("UPDATE referred SET id = 1", "referenced-by-protected"),
        ("DELETE FROM referred", "referenced-by-protected"),
        ("UPDATE sentences SET months = 1 WHERE id = 2", "sealed-rows"),
        ("DELETE FROM sentences WHERE id = 2 RETURNING *", "sealed-rows"),
        ("UPDATE victims SET id = 1 WHERE id = 2", "sealed-rows"),
        ("UPDATE victims SET id = 1 WHERE name = 'x'", "masked-column-in-write"),
        ("DELETE FROM victims RETURNING *", "masked-column-in-write"),
        ("DELETE FROM victims v RETURNING v", "masked-column-in-write"),
        ("UPDATE sentences s SET months = 1 FROM courts k WHERE k.code = 'a'", "sealed-rows"),
        (
            "UPDATE sentences s SET months = 1 FROM courts k WHERE abs(s.months) = 1",
            "joined-write",
        ),
        ("SELECT * FROM cases WHERE id = 1 FOR UPDATE", "sealed-rows"),
        ("SELECT * FROM cases WHERE lower(name) = 'x' FOR UPDATE", "locking-protected"),
    ],
)
@pytest.mark.requirement("Q33")
def test_a_write_tells_nothing_of_rows_that_cannot_be_seen(sql, rule):
    assert rule_of(sql) == rule
