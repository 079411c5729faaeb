import asyncio

import pytest

from proxy.cli.live import look_at
from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.names import QualifiedName
from proxy.settings import load_settings


def test_a_look_gives_relations_and_the_path_a_session_starts_with(config):
    live = asyncio.run(look_at(load_settings(config).upstream, None))
    assert QualifiedName("base", "person") in live.catalogue.relations
    assert live.search_path[0] == "pg_catalog"


def test_only_configured_databases_are_looked_at(config):
    with pytest.raises(ConfigurationError, match="agency"):
        asyncio.run(look_at(load_settings(config).upstream, "postgres"))


def test_a_server_that_is_not_there_is_one_clear_line(config):
    upstream = load_settings(config).upstream.model_copy(update={"port": 1})
    with pytest.raises(UpstreamUnavailable, match=r"cannot read the catalogue of agency"):
        asyncio.run(look_at(upstream, None))
