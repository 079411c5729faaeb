"""What should be sealed and is not: found at night, read by supervisors, told nobody else."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.service import RECIPIENTS, Site, install, started
from tests.world import HOST, Database

pytestmark = pytest.mark.database

SCANNED_AFTER_MAX_S = 90.0
SCAN_LOGIN = "fengcun_scan"
WITHIN_LIMIT, TODAY = 901, "(now() AT TIME ZONE 'Asia/Shanghai')::date"
UNDECIDED, JUDGED_AFTER = {10}, {9}
BAD_DATA = {6, 7, 23, 26, 27}


@pytest.fixture
def site(agency_copy: Database, tmp_path: Path) -> Iterator[Site]:
    """An installation that scans with a login of its own, which reads and can do nothing else."""
    agency_copy.run(
        f"DROP ROLE IF EXISTS {SCAN_LOGIN}; CREATE ROLE {SCAN_LOGIN} LOGIN;"
        f" GRANT USAGE ON SCHEMA base TO {SCAN_LOGIN};"
        f" GRANT SELECT ON ALL TABLES IN SCHEMA base TO {SCAN_LOGIN};"
        "INSERT INTO base.seal_notice (notice_id, cp_id, status, received_on)"
        f" VALUES ({WITHIN_LIMIT}, 1, 'ACTIVE', {TODAY} - 3), (902, 8, 'ACTIVE', {TODAY} - 4)"
    )
    site = install(agency_copy, tmp_path)
    site.set("scan", f'user = "{SCAN_LOGIN}"')
    yield site
    agency_copy.run(f"DROP OWNED BY {SCAN_LOGIN}; DROP ROLE {SCAN_LOGIN}")


def found(site: Site) -> list[Mapping[str, Any]]:
    """The entries of scans so far, opened by the supervisor."""
    return site.entries("finding")


def until_scanned(site: Site, entries_count: int) -> list[Mapping[str, Any]]:
    deadline = time.monotonic() + SCANNED_AFTER_MAX_S
    while len(entries := found(site)) < entries_count:
        assert time.monotonic() < deadline, site.errors.read_text(encoding="utf-8")
    return entries


def test_shape(site: Site):
    with started(site) as service:
        for e in until_scanned(site, 7):
            print(json.dumps(e, ensure_ascii=False)[:900].replace(" " * 50, ""))
        print(site.run("scan", "--config", site.config))
        print(
            urllib.request.urlopen(f"http://{HOST}:{site.metrics_port}/metrics")
            .read()
            .decode()[-3000:]
        )
        assert service.stop() == 0
    print(site.errors.read_text(encoding="utf-8"))
    assert 0
