import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.session.plan import Scene
from proxy.session.plan_cache import PlanCache
from tests.unit.proxy.small_world import PATH, PLANNER, PLATFORM, SCENE

SHAPE = (
    "SELECT c.id, {0}, pg_table_size({0}) FROM cases c"
    " WHERE c.id = {1} AND name = {0} ORDER BY c.id LIMIT {1}"
)
KEYED = (
    "SELECT c.id, {0} FROM cases c"
    " WHERE c.id = {1} AND name = {0} AND lower(name) = {0} AND id BETWEEN {1} AND {1}"
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
LITERALS = st.one_of(
    st.integers(0, 2**70).map(str),
    TEXTS.map(lambda s: "'" + s.replace("'", "''") + "'"),
    TEXTS.map(lambda s: "E'" + s.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    st.sampled_from(["$$a$$", "$q$'$q$", "1.5", "-1", "NULL", "$1", "'a' -- '\n", "x'1f'", "'\\'"]),
)


def remembered(*texts, **limits):
    cache = PlanCache(**limits)
    for text in texts:
        cache.remember(text, SCENE, PLANNER.work_out(text, SCENE))
    return cache


@given(st.sampled_from([SHAPE, KEYED]), LITERALS, LITERALS)
def test_a_plan_from_the_cache_is_the_plan_the_planner_makes(form, first, second):
    cache = remembered(form.format("'a'", "1"), form.format("'b'", "'c'"))
    text = form.format(first, second)
    found = cache.lookup(text, SCENE)
    assert found is None or found == PLANNER.plan(text, SCENE)


def test_a_literal_that_is_sent_twice_is_replaced_twice():
    cache = remembered(KEYED.format("'a'", "1"))
    found = cache.lookup(KEYED.format("'中'", "99"), SCENE)
    assert found is not None
    assert found.text is not None
    assert found.text.count("'中'") == 4
    assert found.text.count(" 99") == 6


def test_plain_literals_share_a_plan():
    cache = remembered(SHAPE.format("'a'", "1"))
    assert cache.lookup(SHAPE.format("'中'", "99"), SCENE) is not None
    assert cache.lookup(SHAPE.format("'a\\'", "1"), SCENE) is None
    assert cache.lookup(SHAPE.format("1", "'a'"), SCENE) is None


@pytest.mark.parametrize(
    "scene",
    [Scene(PLATFORM, PATH), Scene(SCENE.principal, ("pg_catalog",)),
     Scene(SCENE.principal, PATH, in_transaction=True)],
    ids=["principal", "search_path", "transaction"],
)  # fmt: skip
def test_a_plan_is_for_the_scene_it_was_made_in(scene):
    for text in ("SELECT * FROM cases", SHAPE.format("'a'", "1")):
        cache = remembered(text)
        assert cache.lookup(text, SCENE) is not None
        assert cache.lookup(text, scene) is None


def test_the_name_given_to_set_config_is_no_plain_literal():
    cache = remembered("SELECT set_config('jit', 'off', false)")
    assert cache.lookup("SELECT set_config('role', 'off', false)", SCENE) is None


def test_the_two_directions_of_a_copy_do_not_share_a_plan():
    texts = [f"COPY courts {way} (DELIMITER '|')" for way in ("FROM STDIN", "TO STDOUT")]
    cache = remembered(*texts)
    assert [cache.lookup(text, SCENE).copies_in for text in texts] == [True, False]
    assert cache.lookup("COPY courts FROM STDIN (DELIMITER ',')", SCENE) is None


def test_what_is_kept_is_bounded():
    texts = [f"SELECT a{n} FROM courts" for n in range(5)]
    cache = remembered(*texts, entries_max=2)
    assert [cache.lookup(text, SCENE) is not None for text in texts] == [False] * 3 + [True] * 2
    long = "SELECT 1 -- " + "x" * 100
    assert remembered(long, text_bytes_max=50).lookup(long, SCENE) is None


COMMENTS = st.one_of(
    st.sampled_from(
        ["", "/* operator=u1 */", "/*operator='u2',case='%41'*/", "/**/", "/*+ hint */", "/*/ x */",
         "/* a /* b */ */", "/* ' */", "/* \\ */", "/* x /*/ y */ */", "-- operator=u1\n"]
    ),
    TEXTS.map(lambda s: "/*" + s + "*/"),
)  # fmt: skip
COMMENTED = (
    "{0} SELECT {1} c.id, {2} FROM cases {1} c WHERE c.id = 5 {1} AND lower(name) = 'a' {0}",
    "{0} SELECT {1} 1; SELECT c.id FROM cases c {1} WHERE id BETWEEN 1 AND 2; {0}",
    "{0} SET {1} fengcun.operator = 'a' {0};",
    "{0} UPDATE cases SET name = 'a' {1} WHERE lower(name) = 'b' AND id = 5 {0}",
    "{0} DROP TABLE {1} cases",
)


@settings(deadline=None)  # it plans three texts
@given(st.sampled_from(COMMENTED), COMMENTS, COMMENTS, LITERALS, COMMENTS, COMMENTS)
def test_a_plan_with_other_comments_is_the_plan_the_planner_makes(form, a, b, literal, c, d):
    cache = remembered(form.format("/* x=1 */", "/* y=1 */", "'b'"), form.format(a, b, "'b'"))
    text = form.format(c, d, literal)
    found = cache.lookup(text, SCENE)
    assert found is None or found == PLANNER.plan(text, SCENE)


@pytest.mark.parametrize("form", COMMENTED)
def test_who_asks_and_for_what_is_in_no_shape(form):
    one = form.format("/*operator='u1',case='1%2F2'*/", "/* route=/cases */", "'b'")
    other = form.format("/*operator='u2',case='3%2F4'*/", "/* route=/people */", "'b'")
    found = remembered(one).lookup(other, SCENE)
    assert found is not None
    assert found.tags.operators == ("u2",) * other.count("u2")


@pytest.mark.parametrize("comment", ["/*+ x */", "/*! x */", "/* /* */ */", "/* \\ */", "/*/ */"])
def test_a_comment_that_others_may_read_otherwise_stays_in_the_shape(comment):
    cache = remembered(COMMENTED[0].format("/* a */", "", "'b'"))
    assert cache.lookup(COMMENTED[0].format(comment, "", "'b'"), SCENE) is None
