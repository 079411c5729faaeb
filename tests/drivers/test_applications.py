"""Applications of an agency's query counter, on the protected schema: what they show and write is
what they would where the sealed rows are deleted."""

import sys

import pytest

from tests.conftest import AGENCY, AGENCY_FILES
from tests.drivers.toured import difference, walked
from tests.scenarios.service import ROOT, install, started
from tests.world import HOST, PASSWORD, SQL, PostgresWorld

APPLICATIONS = ("sqlalchemy_counter", "django_counter")
USER = "desk"

# ON CONFLICT would tell of a sealed key without failing, a plan of how many rows there are, a row
# that others may refer to whether sealed ones do, and ctid where the rows that are not shown lie.
REFUSED = "ProgrammingError 42501"


def as_expected(line):
    """What the proxy answers where the database itself prints `line`."""
    name, _, _ = line.partition(": ")
    return f"{name}: {REFUSED}" if "refused" in name.split("/") else line


def where(database, port):
    return {
        "PGHOST": HOST,
        "PGPORT": str(port),
        "PGUSER": USER,
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": database.name,
        "FENGCUN_TEST_ADMINISTRATOR": database.conninfo(),
    }


@pytest.fixture
def full(postgres):
    """D, which the application writes to."""
    made = postgres.create_database(AGENCY)
    yield made
    postgres.drop_database(made)


@pytest.fixture
def pruned(full):
    """D', in a cluster of its own and of the same name: the inspector shows it."""
    with PostgresWorld() as world:
        world.create_template(AGENCY, AGENCY_FILES)
        database = world.create_database(AGENCY, name=full.name)
        database.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
        yield database


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.requirement("H1", "H2")
def test_an_application_is_answered_as_where_the_sealed_rows_are_deleted(
    application, full, pruned, tmp_path
):
    command = (sys.executable, "-m", f"tests.drivers.applications.{application}")
    direct = walked(command, ROOT, where(pruned, pruned.port))
    with started(install(full, tmp_path)) as service:
        through = walked(command, ROOT, where(full, service.site.port))
        assert service.stop() == 0
    service.site.verify()
    assert len(direct) > 80
    assert not (found := difference([as_expected(line) for line in direct], through)), found
    refused = [line for line in direct if as_expected(line) != line]
    assert len(refused) == {"sqlalchemy_counter": 4, "django_counter": 6}[application]
