"""Drivers that ship no suite of their own, each walked by one program in its own language."""

import pytest

from tests.conftest import AGENCY, AGENCY_FILES
from tests.drivers.toured import TOURS, TOURS_BY_NAME, Missing, Tour, difference
from tests.scenarios.service import install, started
from tests.unit.proxy.server.certificate import make_certificate
from tests.world import HOST, PASSWORD, SQL, PostgresWorld

USER = "agency_scram"
WORLD = (TOURS / "world.sql").read_text(encoding="utf-8")
# A driver's deadline may pass before or after the answer, with the proxy and without it, on a busy
# machine: a difference that is not there the next time is none.
WALKS_MAX = 3
PRINCIPAL = f"""
[[principal]]
name = "tour"
kind = "handler"
match = {{ user = "{USER}" }}
"""


def where(database, port):
    return {
        "PGHOST": HOST,
        "PGPORT": str(port),
        "PGUSER": USER,
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": database.name,
        "PGSSLMODE": "disable",
    }


@pytest.fixture(params=TOURS_BY_NAME)
def tour(request):
    made = TOURS_BY_NAME[request.param]
    try:
        made.prepared()
    except Missing as missing:
        pytest.skip(str(missing))
    return made


@pytest.fixture(scope="module")
def unsealed(postgres, tmp_path_factory):
    """A service that seals nothing."""
    database = postgres.create_database()
    database.run(f"GRANT CREATE ON DATABASE {database.name} TO {USER}")
    site = install(database, tmp_path_factory.mktemp("unsealed"))
    site.policy.write_text(f"seals_nothing = true\n{PRINCIPAL}", encoding="utf-8")
    with started(site) as service:
        yield site
        assert service.stop() == 0
    site.verify()


@pytest.fixture(scope="module")
def sealing(agency, tmp_path_factory):
    """A service with the shipped policy, which takes encrypted connections alone."""
    home = tmp_path_factory.mktemp("sealing")
    site = install(agency, home)
    certificate = make_certificate(home)
    for name in ("certificate_file", "key_file"):
        site.set("tls", f'{name} = "{getattr(certificate, name)}"')
    site.set("tls", "required = true")
    policy = site.policy.read_text(encoding="utf-8")
    site.policy.write_text(policy + PRINCIPAL, encoding="utf-8")
    with started(site) as service:
        yield site, certificate
        assert service.stop() == 0
    site.verify()


@pytest.fixture(scope="module")
def pruned():
    """D', in a cluster of its own: drivers print the name of the database."""
    with PostgresWorld() as world:
        world.create_template(AGENCY, AGENCY_FILES)
        database = world.create_database(AGENCY, name="agency")
        database.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
        yield database


def test_where_nothing_is_sealed_a_tour_is_the_same_through_the_proxy(tour, unsealed):
    database, found = unsealed.database, ""
    for _ in range(WALKS_MAX):
        database.run(WORLD, USER)
        direct = tour.lines("open", where(database, database.port))
        database.run(WORLD, USER)
        through = tour.lines("open", where(database, unsealed.port))
        if not (found := difference(direct, through)):
            return
    raise AssertionError(found)


def test_a_tour_of_sealed_tables_is_the_same_as_where_the_rows_are_deleted(tour, sealing, pruned):
    site, certificate = sealing
    tls = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(certificate.certificate_file)}
    direct = tour.lines("protected", where(pruned, pruned.port))
    through = tour.lines("protected", {**where(site.database, site.port), **tls})
    assert not (found := difference(direct, through)), found


def test_a_line_that_differs_or_is_missing_is_found():
    assert not difference(["a: 1", "b: 2"], ["a: 1", "b: 2"])
    assert "-b: 2" in difference(["a: 1", "b: 2"], ["a: 1"])
    assert "+b: 3" in difference(["a: 1", "b: 2"], ["a: 1", "b: 3"])


def test_a_tour_that_breaks_off_is_no_tour():
    broken = Tour("dbd_pg", needs=("sh",), run=("sh", "-c", "echo 'a: 1'"))
    with pytest.raises(AssertionError):
        broken.lines("open", {})


def test_what_is_not_installed_is_said():
    with pytest.raises(Missing, match="no-such-language"):
        Tour("dbd_pg", needs=("no-such-language",), run=()).prepared()
