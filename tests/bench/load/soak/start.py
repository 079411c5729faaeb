"""Sets up a soak: a server that syncs what it acknowledges, and a site of two workers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from tests.bench.load.figures import Findings
from tests.bench.load.soak.run import WORKERS_COUNT, Amount, soak
from tests.bench.load.soak.truth import prepare
from tests.bench.measure import Tell
from tests.scenarios.service import install
from tests.unit.proxy.server.certificate import make_certificate
from tests.world import PostgresWorld

# A crash must not lose what was acknowledged; the tests' server does not wait for its log.
SERVER = {"synchronous_commit": "on", "max_connections": "300"}
IDS_COUNT = 200


def run_soak(seconds: float, seed: int, tell: Tell, amount: Amount | None = None) -> Findings:
    """A whole soak in a world of its own."""
    tell("setting the soak up")
    with PostgresWorld() as world, tempfile.TemporaryDirectory(prefix="fengcun-soak-") as name:
        for setting, value in SERVER.items():
            world.database().run(f"ALTER SYSTEM SET {setting} = {value}")
        world.stop()
        world.start()
        database, truth = prepare(world, IDS_COUNT, Random(seed))
        home = Path(name)
        site = install(database, home)
        site.set("listen", f"workers = {WORKERS_COUNT}")
        certificate = make_certificate(home)
        files = (certificate.certificate_file, certificate.key_file)
        site.set("tls", 'certificate_file = "{}"\nkey_file = "{}"'.format(*files))
        return soak(world, database, site, truth, amount or Amount(seconds), seed=seed, tell=tell)
