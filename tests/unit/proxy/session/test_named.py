import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.asked import PERSON, Asked, Value
from proxy.session.named import people
from proxy.session.plan import Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.statement.facts import Place
from tests.unit.proxy.policy.test_asked import RULES
from tests.unit.proxy.small_world import CATALOGUE, LAW, PATH, UNIT

TEXT, INT8 = 25, 20
A, B = "110105199001011234", "11010519900101123X"
PLANNER = Planner(replace(LAW, relations=RULES), CATALOGUE)
SCENE = Scene(UNIT, PATH)


def values(*raw: bytes | None, formats: tuple[int, ...] = ()) -> bytes:
    out = struct.pack(f">H{len(formats)}HH", len(formats), *formats, len(raw))
    for each in raw:
        out += struct.pack(">i", -1) if each is None else struct.pack(">i", len(each)) + each
    return out + b"\0\0"


def bound(raw, *, oid=TEXT, array=False, formats=(), domain=PERSON):
    value = Value(domain, oid, Place(parameter=1, array=array))
    return people(Asked((value,)), values(raw, formats=formats), "utf-8")


def array(*elements: bytes | None, oid=TEXT) -> bytes:
    out = struct.pack(">iiIii", 1, 0, oid, len(elements), 1)
    for each in elements:
        out += struct.pack(">i", -1) if each is None else struct.pack(">i", len(each)) + each
    return out


@pytest.mark.parametrize(
    "spelt",
    [A, f" {A} ", "１１０１０５１９９００１０１１２３４", " ".join(A), f"\t{A}\n"],
)
@pytest.mark.parametrize("formats", [(), (0,), (1,)])
def test_one_person_is_one_however_the_number_is_spelt(spelt, formats):
    assert bound(spelt.encode(), formats=formats) == ((PERSON, A),)


def test_a_small_x_is_a_large_one():
    assert bound(B.lower().encode()) == bound(B.encode())


@pytest.mark.parametrize(
    ("raw", "more"),
    [
        (f"{{{A},{B},NULL}}".encode(), {"array": True}),
        (f'{{"{A}", {B}}}'.encode(), {"array": True}),
        (array(A.encode(), B.encode(), None), {"array": True, "formats": (1,)}),
    ],
)
def test_the_elements_of_an_array_are_people(raw, more):
    assert bound(raw, **more) == ((PERSON, A), (PERSON, B))


@pytest.mark.parametrize(
    ("raw", "more"),
    [
        (b"\xff", {}),
        ("不详".encode(), {}),
        (b"", {}),
        (b"{" + A.encode(), {"array": True}),
        (b"{{a},{b}}", {"array": True}),
        (b'{"a\\"b"}', {"array": True}),
        (array(A.encode())[:-3], {"array": True, "formats": (1,)}),
        (struct.pack(">iiIiiii", 2, 0, 25, 1, 1, 1, 1), {"array": True, "formats": (1,)}),
        (b"\0\0\1", {"oid": INT8, "formats": (1,), "domain": "key x"}),
        (b"x" * 300, {"domain": "key x"}),
    ],
)
def test_what_cannot_be_read_names_nobody(raw, more):
    assert bound(raw, **more) is None


def test_nulls_and_empty_lists_ask_for_nobody_and_a_missing_parameter_for_anybody():
    assert bound(None) == ()
    assert bound(b"{}", array=True) == ()
    assert bound(struct.pack(">iiI", 0, 0, 25), array=True, formats=(1,)) == ()
    value = Value(PERSON, TEXT, Place(parameter=2))
    assert people(Asked((value,)), values(A.encode()), "utf-8") is None
    assert people(Asked((value,)), None, "utf-8") is None


@pytest.mark.parametrize(
    ("raw", "formats"),
    [(b"5", ()), (b" +05", ()), (struct.pack(">q", 5), (1,)), (struct.pack(">h", 5), (1,))],
)
def test_a_key_is_the_same_in_every_format(raw, formats):
    assert bound(raw, oid=INT8, formats=formats, domain="key x") == (("key x", "5"),)


@given(st.binary(max_size=60), st.booleans(), st.sampled_from([(), (1,)]))
def test_no_bytes_of_a_client_are_an_error(raw, listed, formats):
    for oid in (TEXT, INT8, 1700):
        found = bound(raw, oid=oid, array=listed, formats=formats)
        assert found is None or all(domain == PERSON for domain, _ in found)


def asked_by(text, cache):
    plan = cache.lookup(text, SCENE)
    if plan is None:
        planned = PLANNER.work_out(text, SCENE)
        cache.remember(text, SCENE, planned)
        plan = planned.plan
    return None if plan.asked is None else people(plan.asked, None, "utf-8")


@pytest.mark.parametrize(
    "shape",
    [
        "SELECT id FROM cases WHERE name = '{}'",
        "SELECT 'x', id FROM cases WHERE 5 = 5 AND name = '{}' LIMIT 7",
        "/* operator=1 */ SELECT id FROM cases WHERE lower(name) = 'y' AND name IN ('{}')",
        "SELECT id FROM (SELECT id, name FROM cases) q WHERE q.name = '{}'",
    ],
)
def test_a_plan_kept_by_its_shape_names_whom_the_text_names(shape):
    cache = PlanCache()
    for who in (A, B, A):
        assert asked_by(shape.format(who), cache) == ((PERSON, who),)
    assert cache.shape_count == 2


@pytest.mark.parametrize(
    "literal", ["E'{}'", "U&'{}'", "$${}$$", "'{}'\n''", "CAST('{}' AS varchar(5))"]
)
def test_a_literal_that_is_not_written_plainly_names_nobody(literal):
    text = f"SELECT id FROM cases WHERE name = {literal.format(A)}"
    plan = PLANNER.plan(text, SCENE)
    assert plan.asked is not None
    assert plan.asked.broad


def test_a_negative_number_is_not_taken_for_another():
    cache = PlanCache()
    for number in (5, 6):
        text = f"SELECT name FROM cases WHERE id = -{number}"
        plan = PLANNER.plan(text, SCENE)
        cache.remember(text, SCENE, PLANNER.work_out(text, SCENE))
        assert plan.asked is not None
        assert plan.asked.broad


def test_cursors_and_prepared_statements_carry_it_along():
    text = f"DECLARE c CURSOR FOR SELECT id FROM cases WHERE name = '{A}'"
    (opened,) = PLANNER.plan(text, SCENE).defines
    assert people(opened.plan.asked, None, "utf-8") == ((PERSON, A),)
    assert PLANNER.plan("PREPARE p AS SELECT id FROM cases", SCENE).asked is None
