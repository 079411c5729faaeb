"""A small installation in a directory: keys, an empty ledger, a policy and the settings."""

from __future__ import annotations

import time
from pathlib import Path

from ledger.disk import LocalDisk
from ledger.envelope import Identity
from ledger.keys import init_keys
from ledger.log import create_log
from proxy.settings import Settings
from proxy.settings.service import Ledger, Limits, Listen, PolicyFile, Upstream
from tests.world import HOST, Database

SEGMENT_BYTES = 1 << 20
NOTARY_ARGUMENTS = ("--force-filesystem", "--reserve-bytes", str(1 << 20))

POLICY = """
[relation."public.sealed"]
article = "实施办法第4条"
visible_when = "self.open"

[[principal]]
name = "office"
kind = "unit"
match = { user = "postgres" }
"""

TABLES = """
CREATE TABLE sealed (id int PRIMARY KEY, name text NOT NULL, open boolean NOT NULL);
INSERT INTO sealed SELECT i, 'synthetic ' || i, i % 2 = 0 FROM generate_series(1, 10) i;
"""


def make_ledger(directory: Path) -> Ledger:
    """Keys and a new log below `directory`."""
    keys, log = directory / "keys", directory / "log"
    recipients = [Identity.generate(name).recipient for name in ("procuratorate", "escrow")]
    made = init_keys(keys, origin="test.example/log", proxy_id="p1", recipients=recipients)
    log.mkdir()
    now_ms = time.time_ns() // 1_000_000
    create_log(
        LocalDisk(log),
        made,
        "p1",
        now_ms=now_ms,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=1 << 20,
    )
    return Ledger(
        directory=log, keys=keys, origin="test.example/log", socket=directory / "notary.sock"
    )


def make_settings(directory: Path, database: Database, port: int) -> Settings:
    """Settings for `database`, with the policy beside the ledger."""
    policy = directory / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    return Settings(
        listen=Listen(port=port),
        upstream=Upstream(
            host=HOST,
            port=database.port,
            databases=(database.name,),
            catalogue_user="postgres",
            catalogue_refresh_ms=1_000,
        ),
        ledger=make_ledger(directory),
        limits=Limits(),
        policy=PolicyFile(file=policy),
    )
