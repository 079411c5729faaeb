"""The law's date: midnight in China, whatever zone the server, the database or a session has.

What is tested: the policy file with a fixed moment written in the place of ``now()``, loaded by the
same compiler and run by a real server and the real service. The server's own clock is not moved;
that the file asks for the time in one manner only is a test of its own.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import shutil
from pathlib import Path

import psycopg
import pytest

from proxy.settings import load_law
from proxy.settings.shipped import shipped_file
from tests.conftest import AGENCY
from tests.law.asking import Asked, shown_by
from tests.law.model import seen
from tests.law.stories import story
from tests.scenarios.service import install, started
from tests.seeds import seed_of
from tests.world import PostgresWorld

pytestmark = pytest.mark.database

SECOND_BEFORE = "2025-12-31 23:59:59+08"
SECOND_AFTER = "2026-01-01 00:00:00+08"
SEED = seed_of(__name__)
# From twelve hours behind Greenwich to fourteen before it, daylight saving, and one of no place.
ZONES = ("Etc/GMT+12", "America/Sao_Paulo", "UTC", "Asia/Shanghai", "Pacific/Kiritimati", "<x>-167")
POLICIES = (shipped_file("policy.toml"), *sorted(shipped_file("examples").glob("*.toml")))


def at(moment: str, home: Path) -> Path:
    """The shipped policy as it judges at that moment."""
    text = shipped_file("policy.toml").read_text(encoding="utf-8")
    file = home / "policy.toml"
    file.write_text(text.replace("now()", f"TIMESTAMPTZ '{moment}'"), encoding="utf-8")
    return file


@pytest.mark.parametrize("policy", POLICIES, ids=lambda file: file.stem)
def test_a_policy_asks_for_the_time_in_one_manner_only(policy):
    text = policy.read_text(encoding="utf-8")
    asked = text.count("now()")
    assert asked > 0
    assert text.count("now() AT TIME ZONE 'Asia/Shanghai'") == asked
    assert not re.search(r"CURRENT_|LOCALTIME|_timestamp\(|timeofday", text, re.IGNORECASE)


@pytest.mark.parametrize("moment", [SECOND_BEFORE, SECOND_AFTER])
@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.requirement("A13", "A14")
def test_everything_is_judged_by_the_date_in_china(
    postgres: PostgresWorld, tmp_path, moment, zone, seed
):
    today = dt.datetime.fromisoformat(moment).date()
    dice = random.Random(seed)
    stories = [story(dice, today) for _ in range(1_000)]
    texts = shown_by(load_law(at(moment, tmp_path)))
    database = postgres.create_database(AGENCY)
    with database.connect() as connection:
        connection.execute("SELECT set_config('TimeZone', %s, false)", [zone])
        with Asked(connection, stories) as asked:
            answers = asked.answers(texts)
    postgres.drop_database(database)
    for whole, got in zip(stories, answers, strict=True):
        assert got == seen(whole, today)


@pytest.mark.parametrize(
    ("moment", "visible"), [(SECOND_BEFORE, [(2,)]), (SECOND_AFTER, [])], ids=["2025", "2026"]
)
@pytest.mark.requirement("A14")
def test_all_administrative_penalties_are_sealed_at_midnight_in_china(
    agency_copy, tmp_path, moment, visible
):
    """治安管理处罚法 Art. 136, through the service; 2 is an adult's penalty, 1 a minor's."""
    site = install(agency_copy, tmp_path)
    shutil.copy(at(moment, agency_home(tmp_path)), site.policy)
    sql = "SELECT ap_id FROM base.admin_penalty"
    with started(site):
        for zone in ZONES:
            agency_copy.run(f"ALTER DATABASE {agency_copy.name} SET TimeZone = '{zone}'")
            with site.connect("desk") as connection:
                assert connection.execute(sql).fetchall() == visible
                others(connection, zone)
                assert connection.execute(sql).fetchall() == visible
                with connection.transaction():
                    connection.execute(f"SET LOCAL TimeZone = '{zone}'")
                    assert connection.execute(sql).fetchall() == visible


def others(connection: psycopg.Connection, zone: str) -> None:
    """The session in the zone on the other side of the date line."""
    opposite = "Pacific/Kiritimati" if zone == "Etc/GMT+12" else "Etc/GMT+12"
    connection.execute(f"SET TimeZone = '{opposite}'")


def agency_home(home: Path) -> Path:
    """A directory beside the installation's files."""
    other = home / "moment"
    other.mkdir()
    return other
