"""A site to keep a desk in."""

import pytest

from tests.unit.proxy.desk.counter import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)
