"""A slice of what another generator writes, of a seed that is always the same."""

from __future__ import annotations

import shutil

import pytest

from tests.noninterference.oracle import Verdict
from tests.noninterference.sqlsmith import compare
from tests.noninterference.worlds import pairs
from tests.world import PostgresWorld

pytestmark = [pytest.mark.database, pytest.mark.slow]

SEED = 11
STATEMENTS = 150


@pytest.mark.skipif(shutil.which("sqlsmith") is None, reason="sqlsmith is not installed")
def test_no_answer_tells_of_a_sealed_row() -> None:
    with PostgresWorld() as own:
        total = compare(own, pairs(own).written, SEED, STATEMENTS)
    assert not total.leaks, total.leaks[0]
    assert total.verdicts[Verdict.EQUAL.value] > STATEMENTS / 20
