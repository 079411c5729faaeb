"""Whether a form is on record: offline, with a copy of the log and its public key alone."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ledger.evidence.filters import EntryFilter
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.evidence.scan import scan
from ledger.fetch import LogReader
from ledger.fields import EntryKind
from ledger.note import VerifierKey
from ledger.verify import verify_log
from proxy.desk.certificate.code import Code, InvalidCode, log_tag, parse_code
from proxy.desk.certificate.form import Document, Form
from proxy.desk.certificate.serials import serial_name
from proxy.record.certificates import ISSUED, REFUSED, REVOKED

FILE_BYTES_MAX: Final = 4 << 20
_KEYWORDS: Final = re.compile(rb"/Keywords \((FC-[A-Z2-7-]{47})\)")


class Standing(Enum):
    """GENUINE: on record as it is. REVOKED: it was, and was taken back. ALTERED: the number is on
    record, and says something else, or another's code stands on it. UNKNOWN: this copy of the log
    has nothing of it. OTHER_LOG: the code is of another log."""

    GENUINE = "genuine"
    REVOKED = "revoked"
    ALTERED = "altered"
    UNKNOWN = "unknown"
    OTHER_LOG = "other-log"


@dataclass(frozen=True, slots=True)
class Finding:
    """``entries_count`` and ``until`` say how far the copy of the log goes."""

    standing: Standing
    serial: str
    entries_count: int
    until: str
    index: int | None = None
    issued_at: str | None = None
    event: str | None = None
    valid_until: str | None = None


def code_in(content: bytes) -> Code:
    """The code that a PDF of ours names. Raises `InvalidCode`."""
    found = _KEYWORDS.search(content)
    if found is None or len(content) > FILE_BYTES_MAX:
        raise InvalidCode("this file is no certificate of ours: there is no code in it")
    return parse_code(found[1].decode())


def document_of(fields: Mapping[str, object]) -> Document:
    """What somebody read off the paper. Raises `ValueError`."""
    names = Document.__dataclass_fields__
    if fields.keys() - names.keys() or not all(isinstance(each, str) for each in fields.values()):
        raise ValueError(f"the fields are: {', '.join(names)}")
    values = {name: str(fields.get(name, "")) for name in names if name != "form"}
    try:
        return Document(form=Form(fields.get("form")), **values)
    except ValueError:
        raise ValueError(f"form is one of: {', '.join(each.value for each in Form)}") from None


def check(
    reader: LogReader,
    keys: Sequence[VerifierKey],
    code: Code,
    *,
    file: bytes | None = None,
    document: Document | None = None,
) -> Finding:
    """One of `file` and `document` is held against the entry.

    The whole log is led to its signed root first, so that no revocation can have been taken out
    of the copy. Raises `ledger.errors.LedgerError` where the log is not as it was signed.
    """
    report = verify_log(reader, keys, signatures=False)
    log = ProvenLog(reader, keys)
    serial = serial_name(code.number)
    until = report.last_time or ""

    def found(standing: Standing) -> Finding:
        return Finding(standing, serial, log.size, until)

    if code.log != log_tag(log.checkpoint.origin):
        return found(Standing.OTHER_LOG)
    wanted = EntryFilter(kinds=frozenset({EntryKind.CERTIFICATE}), words=(("certificate", serial),))
    entries = [log.entry(each.index) for each in scan(reader, wanted, end=log.size)]
    made = [each for each in entries if each.entry.header["event"] in (ISSUED, REFUSED)]
    if not made:
        return found(Standing.UNKNOWN)
    same = next((each for each in made if _is(each, code, file, document)), None)
    if same is None:
        return found(Standing.ALTERED)
    taken_back = any(each.entry.header["event"] == REVOKED for each in entries)
    header = same.entry.header
    valid_until = header.get("valid_until")
    return Finding(
        Standing.REVOKED if taken_back else Standing.GENUINE,
        serial,
        log.size,
        until,
        index=same.index,
        issued_at=same.entry.time,
        event=str(header["event"]),
        valid_until=None if valid_until is None else str(valid_until),
    )


def _is(entry: ProvenEntry, code: Code, file: bytes | None, document: Document | None) -> bool:
    header = entry.entry.header
    if file is not None:
        return hmac.compare_digest(str(header.get("file_hmac")), code.file_hmac(file))
    if document is not None:
        said = code.printed_hmac(document.to_bytes())
        return hmac.compare_digest(str(header.get("document_hmac")), said)
    return False
