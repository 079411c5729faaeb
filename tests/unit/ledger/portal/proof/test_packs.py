"""Which entries were chosen, and the file that is handed out. Over HTTP: `pages/test_pack`."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.evidence.proven import ProvenLog
from ledger.fetch import DirectoryLog
from ledger.portal.proof.packs import ENTRIES_MAX, chosen, cosigned_notes, make_pack
from tests.unit.ledger.evidence.site import WITNESS, make_site
from tests.unit.ledger.small_log import log_of


def test_numbers_and_ranges():
    assert chosen("7 3-5,9、1，2") == [1, 2, 3, 4, 5, 7, 9]
    assert len(chosen(f"1-{ENTRIES_MAX}")) == ENTRIES_MAX


@pytest.mark.parametrize("text", ["", " ", "5-3", "x", f"0-{ENTRIES_MAX}", "1 " * 1001, "-", "1-"])
def test_what_is_no_choice(text: str):
    with pytest.raises(FormatError):
        chosen(text)


@given(st.text() | st.text("0123456789- ,"))
def test_any_text_is_a_choice_or_none(text: str):
    try:
        indices = chosen(text)
    except FormatError:
        return
    assert 0 < len(indices) <= ENTRIES_MAX
    assert indices == sorted(set(indices))


def test_the_file_has_no_name_and_nothing_is_left(tmp_path):
    log = log_of(tmp_path / "log", 5)
    proven = ProvenLog(DirectoryLog(log.root), [log.keys.log.verifier])
    file, digest = make_pack(proven, [4], tmp_path / "packs", made_seconds=1)
    with file:
        assert "manifest.json" in zipfile.ZipFile(io.BytesIO(file.read())).namelist()
    assert len(digest) == 64
    assert list((tmp_path / "packs").iterdir()) == []
    with pytest.raises(FormatError):
        make_pack(proven, [4_000], tmp_path / "packs", made_seconds=1)
    assert list((tmp_path / "packs").iterdir()) == []


def test_a_witness_that_is_silent_is_left_out(tmp_path):
    site = make_site(tmp_path / "site", 5)
    reader = DirectoryLog(site.log.root)
    (found,) = cosigned_notes(reader, site.keys, [WITNESS.verifier])
    assert found.cosigned.witness == WITNESS.verifier
    assert cosigned_notes(DirectoryLog(tmp_path), site.keys, [WITNESS.verifier]) == []
