"""A short soak: real clients whose answers are known, while a few things go wrong; the long one is
`make load`."""

from __future__ import annotations

import secrets

import pytest

from tests.bench.load.soak.run import Amount
from tests.bench.load.soak.start import run_soak

pytestmark = [pytest.mark.database, pytest.mark.slow]

SHORT = Amount(seconds=25, psycopg_count=5, asyncpg_count=5, psql_count=1)
ANSWERS_MIN = 50
"""Fewer would say nothing."""


def test_every_answer_is_right_or_the_connection_has_ended():
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    findings = run_soak(SHORT.seconds, seed, print, SHORT)
    assert findings.failures == []
    figures = {one.subject: one.figure for one in findings.figures}
    assert figures["answered statements looked for"] >= ANSWERS_MIN
    assert any(subject.startswith("what went wrong") for subject in figures)
