import pytest

from ledger.envelope import Identity
from ledger.errors import FormatError
from ledger.evidence.opened import open_proven, proven_opener
from tests.unit.ledger.evidence.site import make_site
from tests.unit.ledger.small_log import PAYLOAD, identities


def test_payloads_of_every_epoch_are_opened_for_recipients(tmp_path):
    log = make_site(tmp_path, 5).proven
    for identity in identities():
        opener = proven_opener(log, identity)
        assert open_proven(opener, log.entry(4)) == PAYLOAD
        assert open_proven(opener, log.entry(log.size - 2)) == PAYLOAD


def test_it_is_said_why_there_is_no_plain_text(tmp_path):
    site = make_site(tmp_path, 5)
    opener = proven_opener(site.proven, identities()[0])
    with pytest.raises(FormatError, match="without a payload"):
        open_proven(opener, site.proven.entry(0))
    stranger = proven_opener(site.proven, Identity.generate("stranger"))
    with pytest.raises(FormatError, match="entry 4: this identity is not among the recipients"):
        open_proven(stranger, site.proven.entry(4))
    (site.log.root / "payload/000.p/17").unlink()
    with pytest.raises(FormatError, match="not in this copy"):
        open_proven(opener, site.proven.entry(4))


def test_a_forged_key_entry_opens_nothing(tmp_path):
    site = make_site(tmp_path, 5)
    bundle = site.log.root / "tile/entries/000.p/17"
    data = bundle.read_bytes()
    at = data.index(b'"wrapped":["') + 40
    bundle.write_bytes(data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :])
    with pytest.raises(FormatError, match="not in the log that was signed"):
        open_proven(proven_opener(site.proven, identities()[0]), site.proven.entry(4))
