"""What the counter of the month writes is what the desk would have written."""

from __future__ import annotations

import json

from ledger.client import EntryKind
from ledger.header import encode_header
from proxy.demo.month import history
from proxy.desk.batch.answers import decode_answers
from proxy.desk.certificate.code import log_tag, parse_code
from proxy.desk.contents import decode_dossier
from proxy.desk.entries import permit_event
from proxy.record.permits import USED, permit_header


def test_every_dossier_is_one_and_its_entry_says_what_the_desk_says_of_it(month):
    pseudonyms, numbers = month.keys.pseudonyms, set()
    for entry, payload in month.of("permit"):
        if entry.header["event"] == USED:
            continue
        dossier = decode_dossier(payload)
        wanted = permit_header(permit_event(dossier, payload), pseudonyms)
        assert encode_header(EntryKind.PERMIT, entry.header) == encode_header(
            EntryKind.PERMIT, wanted
        )
        numbers.add(dossier.number)
    assert len(numbers) == 10


def test_a_check_of_a_list_answers_for_everybody_on_its_permit(month):
    ((entry, payload),) = [each for each in month.of("permit") if each[0].header["event"] == USED]
    answers = decode_answers(payload)
    assert answers.permit == entry.header["permit"]
    assert len(answers.people) == len(entry.header["subjects"])
    assert entry.header["document_hmac"] == month.keys.pseudonyms.of("dossier", payload)


def test_a_certificate_is_checked_by_its_code_as_one_of_the_desk_is(month):
    forms = []
    for entry, payload in month.of("certificate"):
        said = json.loads(payload)
        if entry.header["event"] == "revoked":
            assert (entry.header["certificate"], said) == ("000003", {"officer": "li"})
            continue
        code = parse_code(said["code"])
        assert code.log == log_tag(history.ORIGIN)
        printed = json.dumps(said["printed"], ensure_ascii=False, separators=(",", ":")).encode()
        assert code.printed_hmac(printed) == entry.header["document_hmac"]
        person = month.keys.pseudonyms.of("person", said["printed"]["identity"])
        assert entry.header["person"] == person
        assert (said["printed"]["form"] == "refusal") == (entry.header["event"] == "refused")
        forms.append(entry.header["certificate"])
    assert forms == sorted(set(forms))
    assert len(forms) > 30


def test_each_form_was_preceded_by_a_look_up_of_the_same_person(month):
    looked_up: set[str] = set()
    for entry, _ in month.entries:
        if entry.header.get("principal") == "certificate-look-up" and "subjects" in entry.header:
            looked_up.update(entry.header["subjects"])
        if entry.kind is EntryKind.CERTIFICATE and "person" in entry.header:
            assert entry.header["person"] in looked_up
