"""A certificate's entry names nobody in its header, whatever form it is about."""

from dataclasses import replace

from ledger.client import EntryKind, encode_header
from ledger.pseudonyms import Pseudonyms
from proxy.record.certificates import CertificateEvent, CertificateRegister

EVENT = CertificateEvent(
    serial="000001",
    event="issued",
    officer="021377",
    content="甲一".encode(),
    person="110105200405100018",
    applicant="110105200405100018",
    purpose="employment",
    valid_until=1_800_000_000.0,
    document_hmac="0" * 32,
    file_hmac="1" * 32,
)


class Line:
    """A line that keeps what it is given."""

    def __init__(self):
        self.recorder = self
        self.pseudonyms = Pseudonyms(b"k" * 32)
        self.entries = []

    async def entry(self, kind, header, payload=None):
        self.entries.append((kind, dict(header), payload))
        return 7


async def test_the_header_is_of_its_kind_and_names_nobody():
    line = Line()
    assert await CertificateRegister(line).write(EVENT) == 7
    ((kind, header, payload),) = line.entries
    assert (kind, payload) == (EntryKind.CERTIFICATE, EVENT.content)
    encoded = encode_header(kind, header).decode()
    assert "110105" not in encoded
    assert "021377" not in encoded
    assert header["person"] == line.pseudonyms.of("person", EVENT.person)
    assert header["valid_until"] == "2027-01-15T08:00:00Z"


async def test_two_people_have_headers_of_one_length():
    line = Line()
    other = replace(EVENT, person="110105200405100034", applicant="110105200405100034")
    for event in (EVENT, other):
        await CertificateRegister(line).write(event)
    one, two = (encode_header(kind, header) for kind, header, _ in line.entries)
    assert len(one) == len(two)


async def test_a_revocation_has_the_number_alone():
    line = Line()
    await CertificateRegister(line).write(CertificateEvent("000001", "revoked", "1", b"{}"))
    header = {name for name, value in line.entries[0][1].items() if value is not None}
    assert header == {"certificate", "event", "handler"}
