import asyncio

import pytest

from proxy.cli.live import look_at
from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.names import QualifiedName
from proxy.settings import load_settings


def test_a_look_gives_the_relations_of_the_database(config):
    live = asyncio.run(look_at(load_settings(config).upstream, None))
    assert QualifiedName("base", "person") in live.catalogue.relations


@pytest.mark.parametrize("user", ["desk", "agency_app", "nobody"])
def test_the_path_is_the_one_a_session_of_that_user_starts_with(config, agency, user):
    live = asyncio.run(look_at(load_settings(config).upstream, None, user))
    role = user if user != "nobody" else "postgres"
    with agency.connect(role) as session:
        (started_with,) = session.execute("SELECT current_schemas(true)").fetchone()
    assert [s for s in live.search_path if s in live.catalogue.schemas] == started_with


def test_only_configured_databases_are_looked_at(config):
    with pytest.raises(ConfigurationError, match="agency"):
        asyncio.run(look_at(load_settings(config).upstream, "postgres"))


def test_a_server_that_is_not_there_is_one_clear_line(config):
    upstream = load_settings(config).upstream.model_copy(update={"port": 1})
    with pytest.raises(UpstreamUnavailable, match=r"cannot read the catalogue of agency"):
        asyncio.run(look_at(upstream, None))
