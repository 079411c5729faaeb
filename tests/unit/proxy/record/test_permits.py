"""A permit's entry: pseudonyms in the open, the dossier for the supervisors alone."""

import time

import pytest

from ledger.client import EntryKind
from ledger.disk import LocalDisk
from ledger.entry import parse_entry
from ledger.envelope import Identity
from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import scan
from ledger.fetch import DirectoryLog
from ledger.header import encode_header
from ledger.keys import init_keys, load_pseudonyms
from ledger.log import create_log
from ledger.opener import PayloadOpener
from ledger.pseudonyms import Pseudonyms
from proxy.record.line import connect_ledger
from proxy.record.permits import PermitEvent, PermitRegister, permit_header
from proxy.server.notary_process import start_notary
from proxy.settings.service import Ledger
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, SEGMENT_BYTES

PERSON = "999999200001010011"
EVENT = PermitEvent(
    number="xk-20260302-aaaaaaaaaa",
    event="granted",
    document='{"synthetic":"合成"}'.encode(),
    principal="court",
    unit="合成单位",
    handler=PERSON,
    officer="clerk",
    subjects=(PERSON,) * 256,
    purpose="case",
    basis="中华人民共和国刑事诉讼法第286条",
    scope="full",
    undertaking="ab" * 32,
    approver="chief",
    operator="op-1",
    case="(2026)合1号",
    valid_from=1_772_416_800.9,
    valid_until=1_772_503_200.0,
    uses_max=3,
    reason="supervision",
    label="含犯罪记录封存信息",
    decide_by=1_772_553_599.0,
)


def test_a_header_holds_no_name_and_fits_with_as_many_people_as_there_may_be():
    line = encode_header(EntryKind.PERMIT, permit_header(EVENT, Pseudonyms(b"k" * 32)))
    assert '"valid_from":"2026-03-02T02:00:00Z"' in line.decode()
    assert '"decide_by":"2026-03-03T15:59:59Z"' in line.decode()
    for secret in (PERSON, "合成", "clerk", "chief", "op-1", "(2026)", "ab" * 32):
        assert secret not in line.decode()


def test_what_there_is_nothing_of_is_left_out():
    bare = PermitEvent("xk", "received", b"{}", "p", "u", "h", "o", (), "case", "none", "full", "x")
    header = permit_header(bare, Pseudonyms(b"k" * 32))
    assert {"approver", "case", "operator", "valid_until", "label"} & header.keys() == set()


@pytest.mark.requirement("C7", "D9", "G3")
async def test_supervisors_read_the_dossier_byte_for_byte(tmp_path):
    supervisor, escrow = (Identity.generate(name) for name in ("procuratorate", "escrow"))
    keys, log = tmp_path / "keys", tmp_path / "log"
    made = init_keys(
        keys,
        origin="test.example/log",
        proxy_id="p1",
        recipients=[supervisor.recipient, escrow.recipient],
    )
    log.mkdir()
    create_log(
        LocalDisk(log),
        made,
        "p1",
        now_ms=time.time_ns() // 1_000_000,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=1 << 20,
    )
    settings = Ledger(
        directory=log, keys=keys, origin="test.example/log", socket=tmp_path / "notary.sock"
    )
    notary = await start_notary(settings, *NOTARY_ARGUMENTS)
    line = await connect_ledger(settings.socket_path, keys)
    register = PermitRegister(line)
    index = await register.write(EVENT)
    await line.close()
    await notary.stop()
    reader = DirectoryLog(log)
    wanted = EntryFilter(kinds=frozenset({EntryKind.PERMIT}))
    (found,) = scan(reader, wanted, ciphertexts=True)
    entry, _ = parse_entry(found.data)
    assert found.index == index
    assert EVENT.document not in found.data + found.ciphertext
    document = PayloadOpener(reader, supervisor).open(entry, found.ciphertext)
    assert document == EVENT.document
    assert entry.header["document_hmac"] == load_pseudonyms(keys).of("dossier", document)
    assert entry.header["document_hmac"] == register.document_hmac(document)
    assert register.says(entry.header, EVENT)
