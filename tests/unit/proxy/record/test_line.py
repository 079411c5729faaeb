"""Keys that do not fit are found before anything is recorded under them."""

import pytest

from proxy.errors import ConfigurationError
from proxy.record.line import connect_ledger, require_origin
from tests.unit.proxy.server.site import make_ledger


def test_keys_of_another_log_are_a_mistake_in_the_configuration(tmp_path):
    settings = make_ledger(tmp_path)
    require_origin(settings.keys, settings.origin)
    with pytest.raises(ConfigurationError, match="not the origin"):
        require_origin(settings.keys, settings.origin + "/other")


async def test_without_keys_nothing_is_connected(tmp_path):
    settings = make_ledger(tmp_path)
    (settings.keys / "pseudonym.key").unlink()
    with pytest.raises(ConfigurationError):
        await connect_ledger(settings.socket_path, settings.keys)
