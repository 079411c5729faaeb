"""The catalogue is read as the catalogue user, and a failure to do so gives nothing away."""

import pytest

from proxy.errors import UpstreamUnavailable
from proxy.names import QualifiedName
from proxy.server.catalogues import Catalogues
from proxy.settings.service import Upstream
from tests.world import HOST


def upstream(database, **more):
    named = {"databases": (database.name,), "catalogue_user": "postgres", **more}
    return Upstream(host=HOST, port=database.port, **named)


async def look(settings):
    catalogues = Catalogues(settings, None)
    try:
        return await catalogues.look()
    finally:
        await catalogues.close()


async def test_every_configured_database_is_read(agency):
    catalogues = await look(upstream(agency, databases=("agency", "postgres")))
    assert catalogues["agency"].database == "agency"
    assert QualifiedName("base", "case_person") in catalogues["agency"].relations
    assert catalogues["agency"].version != catalogues["postgres"].version


async def test_a_unix_socket_works_as_well(agency):
    local = upstream(agency).model_copy(update={"host": str(agency.socket_directory)})
    assert "agency" in await look(local)


@pytest.mark.parametrize(
    "changed",
    [{"databases": ("nowhere",)}, {"catalogue_user": "nobody"}],
    ids=["database", "user"],
)
async def test_what_cannot_be_read_is_one_line_that_says_what_to_check(agency, changed):
    with pytest.raises(UpstreamUnavailable, match="is the server up") as caught:
        await look(upstream(agency, **changed))
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
