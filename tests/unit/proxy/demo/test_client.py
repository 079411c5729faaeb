from __future__ import annotations

import pytest

from proxy.demo.client import Client
from proxy.demo.scene import Refusal, Rows


@pytest.fixture
def desk(demo):
    with Client("desk", demo.cluster.port) as client:
        yield client


def test_rows_come_as_text_with_their_columns_and_tag(desk):
    answer = desk.ask("SELECT 1 AS n, NULL AS nothing, '示例' AS name")
    assert answer == Rows(("n", "nothing", "name"), (("1", None, "示例"),), "SELECT 1")


def test_a_statement_without_rows_has_its_tag(desk):
    assert desk.ask("BEGIN") == Rows((), (), "BEGIN")


def test_an_error_of_the_server_is_an_answer(desk):
    answer = desk.ask("DELETE FROM person")
    assert isinstance(answer, Refusal)
    assert answer.sqlstate == "42501"
    assert "person" in answer.message
    assert answer.detail == ""
