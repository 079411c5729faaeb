"""A desk that is open to officers."""

import pytest

from tests.unit.proxy.desk.counter import Site
from tests.unit.proxy.desk.front.house import open_house


@pytest.fixture
async def house(tmp_path):
    async with open_house(Site(tmp_path), tmp_path) as opened:
        yield opened
