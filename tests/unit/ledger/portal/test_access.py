"""The one table of who may what."""

import pytest

from ledger.errors import ConfigurationError
from ledger.portal.access import STRANGERS, TABLE, Role, require_table
from ledger.portal.routes import ROUTES


def test_each_route_of_the_portal_has_its_row():
    require_table((route.method, route.path) for route in ROUTES)


def test_a_route_without_a_row_does_not_start_and_no_row_is_left_over():
    with pytest.raises(ConfigurationError, match="GET /b has no role"):
        require_table([("GET", "/a"), ("GET", "/b")], {("GET", "/a"): STRANGERS})
    with pytest.raises(ConfigurationError, match="GET /a has no route"):
        require_table([], {("GET", "/a"): STRANGERS})


def test_strangers_reach_nothing_but_the_way_in():
    assert {path for (_, path), roles in TABLE.items() if not roles} == {
        "/static/{name}", "/language", "/sign-in", "/sign-in/certificate",
    }  # fmt: skip


def test_an_auditor_signs_out_and_verifies_and_changes_nothing():
    writing = {p for (method, p), roles in TABLE.items() if method == "POST" and roles}
    allowed = {p for p in writing if Role.AUDITOR in TABLE["POST", p]}
    assert allowed <= {"/sign-out", "/logs/{log}/verification", "/looks/verification"}
