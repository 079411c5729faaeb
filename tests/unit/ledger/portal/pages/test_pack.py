"""The evidence pack over HTTP: recorded, whole, and verified by a Python that has no Fengcun."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ledger.portal.pages.pack import FOLDER
from tests.unit.ledger.evidence.site import WITNESS, make_site
from tests.unit.ledger.portal.house import Browser
from tests.unit.ledger.portal.proof.believers import (
    NAME,
    PASSPHRASE,
    make_log,
    portal,
    source_of,
)
from tests.unit.ledger.small_log import SmallLog

LOG = "/logs/%E5%85%AC%E5%AE%89"


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return make_log(tmp_path)


async def exported(browser: Browser, **form: str) -> tuple[int, bytes, str]:
    token = (await browser.get(f"{LOG}/entries/5")).hidden("form_token")
    async with browser.session.post(
        browser.base + f"{LOG}/pack", data={"form_token": token, **form},
        headers={"Origin": browser.base},
    ) as answer:  # fmt: skip
        disposition = answer.headers.get("Content-Disposition", "")
        return answer.status, await answer.read(), disposition


def verify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """By the pack's own script, in an interpreter that finds no package of ours."""
    code = (
        "import runpy, sys\n"
        "class No:\n"
        "    def find_spec(self, name, *_):\n"
        "        assert name.split('.')[0] not in ('ledger', 'proxy'), name\n"
        "sys.meta_path.insert(0, No())\n"
        "sys.argv = ['verify.py', *sys.argv[1:]]\n"
        f"runpy.run_path({str(folder / 'verify.py')!r}, run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", code, str(folder), *arguments],
        capture_output=True, text=True, check=False, cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )  # fmt: skip


async def test_a_pack_verifies_offline_and_is_recorded(log: SmallLog, tmp_path: Path):
    key = tmp_path / "log.vkey"
    key.write_text(f"{log.keys.log.verifier}\n")
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        status, data, disposition = await exported(browser, entries="5, 7 3-4")
    assert status == 200, data.decode()
    assert disposition.startswith('attachment; filename="fengcun-evidence-3-')
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path / "pack")
    done = verify(tmp_path / "pack", "--key", str(key))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3-5" in done.stdout
    assert not (tmp_path / "pack" / "opened").exists()
    entries = next((tmp_path / "pack" / "entries").iterdir())
    entries.write_text(entries.read_text().replace("rows_count", "rowz_count"))
    assert verify(tmp_path / "pack", "--key", str(key)).returncode == 1
    (look,) = [each for each in house.recorded() if each[0]["event"] == "export"]
    assert look[0]["entries"] == ["3", "4", "5", "7"]
    assert look[1]["plain"] is False
    assert list((tmp_path / "state" / FOLDER).iterdir()) == []


async def test_plain_texts_only_with_the_key_of_the_session(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        status, data, _ = await exported(browser, entries="5", plain="1")
        assert status == 409
        assert "解锁" in data.decode()
        await browser.send("/unlock", "/unlock", {"passphrase": PASSPHRASE})
        status, data, _ = await exported(browser, entries="5", plain="1")
        assert status == 200
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert any(name.startswith("opened/") for name in names)
    assert house.recorded()[-2][1].get("plain") or house.recorded()[-1][1].get("plain")


async def test_what_a_killed_portal_left_is_removed(log: SmallLog, tmp_path: Path):
    left = tmp_path / "state" / FOLDER / "x" / "pack.zip"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"plain texts")
    async with portal(tmp_path / "state", [source_of(log)]):
        assert not left.exists()


async def test_what_a_witness_signed_is_in_it(tmp_path: Path):
    site = make_site(tmp_path / "site", 5)
    async with (
        portal(
            tmp_path / "state", [source_of(site.log)], witnesses={NAME: (WITNESS.verifier,)}
        ) as house,
        house.signed_in() as browser,
    ):
        _, data, _ = await exported(browser, entries="5")
        assert "keys/witness.vkey" in zipfile.ZipFile(io.BytesIO(data)).namelist()
        path = site.log.root / "cosigned" / WITNESS.verifier.id.hex()
        path.write_bytes(path.read_bytes()[:-20] + b"A" * 19 + b"\n")
        status, _, _ = await exported(browser, entries="5")
        assert status == 502


@pytest.mark.parametrize("entries", ["", "x", "5-3", "-1", "0-99999", "1" * 40, "5;6", "５ ６ x"])
async def test_what_is_no_selection_is_refused(log: SmallLog, tmp_path: Path, entries: str):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        status, _, _ = await exported(browser, entries=entries)
    assert status == 400
    assert not [header for header, _ in house.recorded() if header["event"] == "export"]


async def test_a_number_past_the_end_is_not_found(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        assert (await exported(browser, entries="5 4000"))[0] == 404


async def test_nothing_is_exported_of_what_was_altered(log: SmallLog, tmp_path: Path):
    bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"rows_count":3', b'"rows_count":0'))
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        assert (await exported(browser, entries="7"))[0] == 502
    assert list((tmp_path / "state" / FOLDER).iterdir()) == []
