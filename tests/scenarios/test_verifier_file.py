"""Passwords checked by a file of verifiers, by the service as it is installed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.scenarios.service import Service, install, started
from tests.scenarios.workers import metric, until
from tests.world import PASSWORD, Database, PostgresWorld

pytestmark = pytest.mark.database

USER, OTHER = "agency_scram", "desk"
RELOADS = 'fengcun_policy_reloads_total{{result="{}"}}'


@pytest.fixture
def verifier(postgres: PostgresWorld) -> str:
    database = postgres.database()
    if not database.run(f"SELECT 1 FROM pg_roles WHERE rolname = '{USER}'"):
        database.run(f"CREATE ROLE {USER} LOGIN")
    database.run(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
    ((found,),) = database.run(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{USER}'")
    return str(found)


@pytest.fixture(params=[1, 2], ids=["one-worker", "two-workers"])
def service(request, agency: Database, verifier: str, tmp_path: Path) -> Iterator[Service]:
    site = install(agency, tmp_path)
    write(tmp_path / "verifiers", f"{USER}:{verifier}\n")
    site.set("listen", f"workers = {request.param}")
    site.set("login", 'auth = "scram"\nverifier_file = "verifiers"')
    text = site.policy.read_text(encoding="utf-8")
    site.policy.write_text(text.replace('user = "desk"', f'user = "{USER}"'), encoding="utf-8")
    with started(site) as running:
        yield running
        assert running.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


def said(service: Service, user: str, password: str = PASSWORD) -> str:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(service.site.conninfo(user), password=password)
    return str(refused.value).splitlines()[0].replace(f":{service.site.port}", "")


def test_the_file_decides_who_enters_and_is_read_again_on_reload(service, verifier):
    site, file = service.site, service.site.home / "verifiers"
    with site.connect(USER) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (USER,)
    wrong = said(service, USER, "wrong")
    assert "password authentication failed" in wrong
    assert said(service, OTHER) == said(service, "no_such_user") == wrong

    for text, mode, result in (
        (f"{USER}:{verifier}\n{USER}:plain\n", 0o600, "rejected"),
        (f"{USER}:{verifier}\n", 0o644, "rejected"),
        ("", 0o600, "applied"),
    ):
        before = metric(site, RELOADS.format(result))
        write(file, text)
        file.chmod(mode)
        service.process.send_signal(signal.SIGHUP)
        until(lambda r=result, b=before: metric(site, RELOADS.format(r)) == b + 1)
        if result == "rejected":
            site.connect(USER).close()
    assert said(service, USER) == wrong
    assert verifier[20:60] not in site.errors.read_text(encoding="utf-8")
