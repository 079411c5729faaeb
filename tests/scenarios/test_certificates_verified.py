"""Whether a form is on record is told offline, of a copy of the log and its public key."""

import json
import shutil

import pytest

from tests.conftest import AGENCY
from tests.scenarios.certificates import (
    CLEAN,
    MIXED,
    SEALED,
    certificate_for,
    content,
    entry_of,
    running_counter,
)

PUBLISHED_ALONE = shutil.ignore_patterns(".state", "*.sock")


@pytest.fixture(scope="module")
def counter(postgres, tmp_path_factory):
    database = postgres.create_database(AGENCY)
    home = tmp_path_factory.mktemp("certificates")
    with running_counter(database, home) as running:
        yield running
    postgres.drop_database(database)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def issued(counter):
    return {name: counter.issue(certificate_for(name)) for name in (CLEAN, MIXED, SEALED)}


def verified(counter, document, *, log=None, given=None):
    site = counter.service.site
    done = counter.run(
        "verify", document, "--log", log or site.log, "--key", site.home / "keys" / "log.vkey",
        "--json", given=given,
    )  # fmt: skip
    said = json.loads(done.stdout) if done.stdout else done.stderr
    assert (done.returncode == 0) == (bool(done.stdout) and said["standing"] == "genuine")
    return said


def on_paper(counter, issue):
    """The code, and what somebody reads beside it."""
    payload = json.loads(entry_of(counter, issue["serial"])["payload"])
    return payload["code"], payload["printed"]


@pytest.mark.requirement("D12")
def test_a_document_proves_itself_against_a_copy_of_the_log(counter, issued, tmp_path):
    for name in (SEALED, CLEAN, MIXED):
        found = verified(counter, issued[name]["file"])
        assert found["standing"] == "genuine"
        assert found["event"] == ("refused" if name == MIXED else "issued")
    code, printed = on_paper(counter, issued[SEALED])
    assert verified(counter, code, given=printed)["standing"] == "genuine"
    typed = code.lower().replace("-", " ")
    assert verified(counter, typed, given=printed)["standing"] == "genuine"
    for field, value in (("name", CLEAN), ("valid_until", ""), ("nationality", "中 国")):
        assert verified(counter, code, given={**printed, field: value})["standing"] == "altered"
    others = on_paper(counter, issued[CLEAN])[1]
    assert verified(counter, code, given=others)["standing"] == "altered"


def test_an_altered_file_is_not_on_record(counter, issued, tmp_path):
    whole = content(issued[SEALED])
    forged = tmp_path / "forged.pdf"
    code, _ = on_paper(counter, issued[SEALED])
    other, _ = on_paper(counter, issued[CLEAN])
    for altered in (
        whole + b"\n",
        whole.replace(b" 0 R", b" 0 R ", 1),
        whole.replace(code.encode(), other.encode()),
    ):
        assert altered != whole
        forged.write_bytes(altered)
        assert verified(counter, forged)["standing"] == "altered"
    forged.write_bytes(b"%PDF-1.4 of somebody else")
    assert "no code in it" in verified(counter, forged)


def test_a_shorter_or_cut_log_does_not_know_it(counter, issued, tmp_path):
    site = counter.service.site
    before = tmp_path / "before"
    shutil.copytree(site.log, before, ignore=PUBLISHED_ALONE)
    later = counter.issue(certificate_for(SEALED))
    entry_of(counter, later["serial"])
    assert verified(counter, later["file"], log=before)["standing"] == "unknown"
    cut = tmp_path / "cut"
    shutil.copytree(site.log, cut, ignore=PUBLISHED_ALONE)
    bundle = max((cut / "tile" / "entries").rglob("[0-9]*.p/*"), key=lambda path: int(path.name))
    assert verified(counter, later["file"], log=cut)["standing"] == "genuine"
    bundle.write_bytes(bundle.read_bytes()[:-300])
    assert isinstance(verified(counter, later["file"], log=cut), str)


def test_what_was_revoked_is_not_good_any_more(counter):
    given = counter.issue(certificate_for(CLEAN))
    assert verified(counter, given["file"])["standing"] == "genuine"
    revoke = ("revoke", str(int(given["serial"])), "--config", counter.config, "--officer", "1")
    assert counter.run(*revoke).returncode == 0
    counter.entries("certificate")
    assert verified(counter, given["file"])["standing"] == "revoked"
    again = counter.run(*revoke)
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)


def test_a_code_of_another_log_is_told_apart(counter, issued, tmp_path):
    code, printed = on_paper(counter, issued[SEALED])
    site = counter.service.site
    keys, log = tmp_path / "keys", tmp_path / "log"
    readers = [
        part for name in ("procuratorate", "escrow")
        for part in ("--recipient", site.home / "recipients" / f"{name}.pub")
    ]  # fmt: skip
    site.must("keys", "init", "--keys", keys, "--origin", "other.example/log", *readers)
    site.must("ledger", "create", "--log", log, "--keys", keys)
    done = counter.run(
        "verify", code, "--log", log, "--key", keys / "log.vkey", "--json", given=printed
    )
    assert json.loads(done.stdout)["standing"] == "other-log"
    assert done.returncode == 1
