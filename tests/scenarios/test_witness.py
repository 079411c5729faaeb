"""The service and its witness: what was cosigned cannot be taken back, whoever has the log."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest

from ledger.head import default_head
from tests.faults.service.test_refuses_to_start import LEDGER, NOT_AVAILABLE, serve
from tests.scenarios.service import Site, install, started
from tests.scenarios.witness import (
    Impostor,
    Witness,
    health,
    impostor,
    kept_size,
    metric,
    size_of,
    until,
    witness_of,
)
from tests.world import HOST, Database

pytestmark = pytest.mark.database

ENDS_AFTER_MAX_S = 60.0
FAILURES = "fengcun_witness_failures_total"


@pytest.fixture
def site(agency: Database, tmp_path: Path) -> Site:
    return install(agency, tmp_path)


@pytest.fixture
def witness(site: Site):
    with witness_of(site) as made:
        yield made


def work(site: Site) -> None:
    with site.connect() as connection:
        connection.execute("SELECT 1")


def published_size(site: Site) -> int:
    return size_of((site.log / "checkpoint").read_bytes())


def run_once(site: Site) -> None:
    """Start, work, stop."""
    with started(site) as service:
        work(site)
        assert service.stop() == 0


def files(folder: Path) -> Mapping[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put_back(site: Site, older: Path) -> None:
    """The log and what is remembered of it on this machine: only the witness can know better."""
    shutil.rmtree(site.log)
    shutil.copytree(older, site.log)
    default_head(site.log).write_bytes((older / "checkpoint").read_bytes())


def required(site: Site) -> None:
    site.set("ledger.witness", "required = true")


def boots(site: Site) -> list[str | None]:
    return [entry["header"].get("witness") for entry in site.entries("boot")]


def test_what_is_published_is_cosigned_to_the_last_entry(site: Site, witness: Witness):
    with started(site) as service:
        work(site)
        until(lambda: kept_size(site) >= 4)
        until(lambda: metric(site, "fengcun_witness_cosigned_entries") >= 4)
        assert health(site) == 200
        assert service.stop() == 0
    assert kept_size(site) == published_size(site) == size_of(witness.last_of(site))
    run_once(site)
    assert boots(site) == ["unknown", "agreed"]
    site.must("ledger", "verify", "--log", site.log, "--key", site.home / "keys" / "log.vkey",
              "--witness", witness.key)  # fmt: skip


def test_a_witness_that_is_away_costs_nothing_and_catches_up(site: Site, witness: Witness):
    with started(site) as service:
        until(lambda: kept_size(site))
        witness.stop()
        work(site)
        until(lambda: metric(site, FAILURES, '{kind="unreachable"}'))
        work(site)
        before = kept_size(site)
        witness.start()
        until(lambda: kept_size(site) > before)
        assert service.stop() == 0
    said = site.errors.read_text("utf-8")
    assert said.count("the witness does not cosign") == said.count("cosigns again") == 1
    witness.stop()
    run_once(site)
    assert boots(site) == ["unknown", "unreachable"]


def test_an_older_copy_of_the_log_is_not_served_and_stays_as_it_is(site: Site, witness: Witness):
    run_once(site)
    older = shutil.copytree(site.log, site.home / "older")
    run_once(site)
    put_back(site, older)
    end = serve(site.config)
    assert end.code == LEDGER
    assert end.plainly("rollback or fork suspected"), end.said
    assert files(site.log) == {site.log / path.relative_to(older): data
                               for path, data in files(older).items()}  # fmt: skip


def test_over_an_air_gap_what_was_carried_back_is_enough(site: Site, witness: Witness):
    text = site.config.read_text("utf-8")
    site.config.write_text(re.sub("\nurl = .*", "", text), "utf-8")
    run_once(site)
    older = shutil.copytree(site.log, site.home / "older")
    run_once(site)
    witness.stop()
    carried = ("--log", site.log, "--witness-key", witness.key)
    sent, back = site.home / "sent", site.home / "back"
    site.must("ledger", "submit", *carried, "--to-file", sent)
    site.must("witness", "cosign", "--directory", witness.home, sent, "--output", back)
    site.must("ledger", "submit", *carried, "--submission", sent, "--answer", back)
    kept = shutil.copytree(site.log / "cosigned", site.home / "cosigned")
    run_once(site)
    assert boots(site) == ["kept", "kept", "kept"]
    put_back(site, older)
    shutil.copytree(kept, site.log / "cosigned")
    end = serve(site.config)
    assert (end.code, end.plainly("rollback or fork suspected")) == (LEDGER, True), end.said


def test_two_histories_end_the_service_for_good(site: Site, witness: Witness):
    run_once(site)
    older = shutil.copytree(site.log, site.home / "older")
    run_once(site)
    put_back(site, older)
    # Nobody who remembers can be heard, so the copy is served, and signs another history.
    witness.stop()
    with started(site) as service:
        work(site)
        witness.start()
        assert service.process.wait(ENDS_AFTER_MAX_S) == LEDGER
    said = site.errors.read_text("utf-8")
    assert "the witness has shown that this log was rolled back or forked" in said
    witness.stop()
    end = serve(site.config)
    assert end.code == LEDGER
    assert "rollback or fork suspected" in end.said


def submit_once(site: Site, witness: Witness) -> None:
    site.must("ledger", "submit", "--log", site.log, "--witness-key", witness.key,
              "--url", witness.url)  # fmt: skip


@pytest.mark.parametrize("workers_count", [1, 2])
def test_where_it_is_required_answers_come_with_it(
    site: Site, witness: Witness, workers_count: int
):
    submit_once(site, witness)
    required(site)
    site.set("listen", f"workers = {workers_count}")
    with started(site) as service:
        with site.connect() as connection:
            for number in range(1, 6):
                assert connection.execute("SELECT %s::int", [number]).fetchone() == (number,)
                # All that was released is under a cosignature by now; its outcome need not be.
                assert size_of(witness.last_of(site)) >= number
        assert service.stop() == 0
    assert boots(site) == ["agreed"]
    assert size_of(witness.last_of(site)) == published_size(site)


@pytest.mark.parametrize("end", [Witness.hang, Witness.stop], ids=["hangs", "is gone"])
@pytest.mark.parametrize("workers_count", [1, 2])
def test_where_it_is_required_nothing_is_released_without_it(
    site: Site, witness: Witness, workers_count: int, end
):
    submit_once(site, witness)
    required(site)
    site.set("ledger", "stall_timeout_ms = 2000")
    site.set("listen", f"workers = {workers_count}")
    with started(site) as service, site.connect() as connection:
        connection.execute("SELECT 1")
        end(witness)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 2")
        assert service.process.wait(ENDS_AFTER_MAX_S) == LEDGER
    assert "the ledger stalled" in site.errors.read_text("utf-8")


class Garbage(Impostor):
    def do_GET(self) -> None:
        self.say(200, b"\xff garbage")


class Endless(Impostor):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65_536)


class Redirecting(Impostor):
    def do_GET(self) -> None:
        self.say(302, Location=f"http://{HOST}:1/")


class Contradicting(Impostor):
    """Says that there is another history, and shows what it has: a true and old one."""

    note = b""

    def do_GET(self) -> None:
        self.say(200, self.note)

    def do_POST(self) -> None:
        self.say(422)


class Replaying(Contradicting):
    """Cosigns with what it recorded."""

    line = b""

    def do_POST(self) -> None:
        self.say(200, self.line)


def test_liars_achieve_what_a_broken_network_does(site: Site, witness: Witness):
    with started(site) as service:
        until(lambda: kept_size(site))
        old = witness.last_of(site)
        Contradicting.note = Replaying.note = old
        Replaying.line = old.splitlines(keepends=True)[-1]
        witness.stop()
        for liar, kind in (
            (Garbage, "nonsense"),
            (Endless, "nonsense"),
            (Redirecting, "refused"),
            (Contradicting, "unproven"),
            (Replaying, "nonsense"),
        ):
            labels = f'{{kind="{kind}"}}'
            with impostor(witness.port, liar):
                before = metric(site, FAILURES, labels)
                work(site)
                until(lambda: metric(site, FAILURES, labels) > before)  # noqa: B023
        kept = kept_size(site)
        witness.start()
        until(lambda: kept_size(site) > kept)
        assert service.stop() == 0
    assert site.verify()["intact"]


@pytest.mark.parametrize("liar", [None, Garbage, Redirecting, Contradicting])
def test_where_it_is_required_no_liar_starts_it(site: Site, witness: Witness, liar):
    required(site)
    if liar is not None:
        submit_once(site, witness)
        Contradicting.note = witness.last_of(site)
        witness.stop()
    before = files(site.log)
    with impostor(witness.port, liar) if liar else contextlib.nullcontext():
        end = serve(site.config)
    assert end.code == NOT_AVAILABLE
    assert end.plainly("nothing was signed"), end.said
    assert files(site.log) == before


def test_a_courier_that_dies_is_replaced(site: Site, witness: Witness):
    with started(site) as service:
        until(lambda: kept_size(site))
        first = service.courier
        first.kill()
        until(lambda: metric(site, FAILURES, '{kind="crashed"}'))
        before = kept_size(site)
        work(site)
        until(lambda: kept_size(site) > before)
        assert service.courier.pid != first.pid
        assert service.stop() == 0
