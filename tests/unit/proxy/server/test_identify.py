"""The first principal with a match that holds, and nobody by default."""

from ipaddress import ip_network

import pytest

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


def test_the_order_of_the_policy_decides():
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
