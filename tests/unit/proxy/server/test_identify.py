"""The first principal with a match that holds, and nobody by default."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.names import PrincipalName
from proxy.policy.law import Match, Principal, PrincipalKind
from proxy.server.identify import identify


def principal(name, *matches):
    return Principal(PrincipalName(name), PrincipalKind.UNIT, matches)


PRINCIPALS = (
    principal("platform", Match(user="bgcheck", source=ip_network("10.8.0.0/16"))),
    principal("office", Match(user="app", application_name="报表"), Match(user="office")),
    principal("six", Match(user="six", source=ip_network("2001:db8::/32"))),
    principal("held", Match(certificate="CN=desk,O=agency"), Match(user="no", certificate="CN=x")),
    principal("empty", Match()),
)


@pytest.mark.parametrize(
    ("user", "source", "application_name", "expected"),
    [
        ("bgcheck", "10.8.3.4", "", "platform"),
        ("bgcheck", "10.9.3.4", "", None),
        ("bgcheck", "::ffff:10.8.3.4", "", "platform"),
        ("bgcheck", "", "", None),
        ("app", "127.0.0.1", "报表", "office"),
        ("app", "127.0.0.1", "other", None),
        ("office", "127.0.0.1", "other", "office"),
        ("six", "2001:db8::1", "", "six"),
        ("six", "fe80::1%eth0", "", None),
        ("stranger", "127.0.0.1", "", None),
        ("OFFICE", "127.0.0.1", "", None),
    ],
)
@pytest.mark.requirement("C2")
def test_all_conditions_of_a_match_must_hold(user, source, application_name, expected):
    found = identify(PRINCIPALS, user, "agency", source, application_name, None)
    assert (found.name if found else None) == expected


def test_among_the_as_strict_the_order_of_the_policy_decides():
    first = (principal("first", Match(database="agency")), *PRINCIPALS)
    assert identify(first, "office", "agency", "127.0.0.1", "", None).name == "first"
    assert identify(first, "office", "other", "127.0.0.1", "", None).name == "office"


@pytest.mark.parametrize(
    ("user", "certificate", "expected"),
    [
        ("anybody", "CN=desk,O=agency", "held"),
        ("no", "CN=x", "held"),
        ("yes", "CN=x", None),
        ("anybody", "CN=Desk,O=agency", None),
        ("anybody", "CN=desk,O=agency,C=CN", None),
        ("anybody", "O=agency,CN=desk", None),
        ("anybody", "", None),
        ("no", None, None),
    ],
)
def test_a_certificate_matches_by_its_whole_subject(user, certificate, expected):
    found = identify(PRINCIPALS, user, "agency", "127.0.0.1", "", certificate)
    assert (found.name if found else None) == expected


KINDS = st.sampled_from(PrincipalKind)
NAMES = st.sampled_from([None, "a", "b"])
MATCHES = st.builds(
    Match,
    user=st.sampled_from([None, "app", "other"]),
    database=st.sampled_from([None, "agency"]),
    source=st.sampled_from([None, ip_network("10.0.0.0/8")]),
    application_name=NAMES,
    certificate=st.sampled_from([None, "CN=a"]),
)
POLICIES = st.lists(st.tuples(KINDS, st.lists(MATCHES, min_size=1, max_size=2)), max_size=5).map(
    lambda rows: tuple(
        Principal(PrincipalName(f"p{n}"), kind, tuple(matches))
        for n, (kind, matches) in enumerate(rows)
    )
)


def found(principals, name, certificate=None):
    return identify(principals, "app", "agency", "10.1.1.1", name, certificate)


@given(POLICIES, st.sampled_from(["", "a", "b", "c"]), st.sampled_from([None, "CN=a"]))
def test_whoever_could_be_a_platform_is_one(principals, name, certificate):
    """However principals are mixed: the stricter wins, and a platform is the strictest."""
    who = found(principals, name, certificate)
    platforms = [each for each in principals if each.kind is PrincipalKind.PLATFORM]
    if found(platforms, name, certificate) is not None:
        assert who.kind is PrincipalKind.PLATFORM


@given(POLICIES, st.sampled_from([None, "CN=a"]))
def test_no_application_name_makes_more_of_a_session(principals, certificate):
    """Whoever is somebody without a name is nobody with more rights by one."""
    order = ["platform", "unit", "counter", "judicial", "administrator", "handler"]
    plain = found(principals, "", certificate)
    named = [found(principals, name, certificate) for name in ("a", "b", "c")]
    if plain is not None:
        for each in named:
            assert order.index(each.kind.value) <= order.index(plain.kind.value)
    else:
        assert len({each.kind for each in named if each is not None}) <= 1


def test_a_name_alone_is_nobody():
    assert found((principal("p", Match(application_name="a")),), "a") is None


def test_where_only_names_let_in_it_is_the_strictest_of_them():
    both = tuple(
        Principal(PrincipalName(name), kind, (Match(user="app", application_name=name),))
        for name, kind in (("b", PrincipalKind.HANDLER), ("a", PrincipalKind.PLATFORM))
    )
    assert [found(both, name) and found(both, name).name for name in ("a", "b", "")] == [
        "a", "a", None,
    ]  # fmt: skip
