"""What two people get, the one with a sealed record and the other with none, is the same: page,
file, entries, and the way there. Who has an open conviction is refused for that alone."""

import asyncio
import base64
import io
import json
import re
import shutil
from datetime import date

import pypdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from proxy.desk.certificate.decoding import decode_request
from proxy.desk.certificate.form import Form
from proxy.desk.certificate.gate import ProxyGate
from proxy.desk.certificate.layout import PAGE, boxes
from proxy.settings.certificate import Certificate
from tests.conftest import AGENCY
from tests.scenarios.certificates import (
    ADULT,
    CLEAN,
    MIXED,
    MIXED_LIKE,
    NUMBERS,
    SEALED,
    certificate_for,
    content,
    entry_of,
    letter_about,
    person,
    running_counter,
)
from tests.world import HOST, PASSWORD

SCALE = 2
UNSEALED = {3, 4, 5, 9, 15, 17, 19, 24}
"""People of the seed with a conviction in force that nothing seals."""


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
    """Serial, form, file and entry of each, in an order that helps nobody."""
    return {name: counter.issue(certificate_for(name)) for name in (CLEAN, MIXED, SEALED, ADULT)}


def picture(pdf, form=None):
    """The page; with a form, what stands in its boxes is painted over."""
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=SCALE).to_pil().convert("L")
    for box in boxes(form).values() if form else ():
        corners = (box.x, PAGE[1] - box.y - box.height, box.x + box.width, PAGE[1] - box.y)
        ImageDraw.Draw(image).rectangle([SCALE * each for each in corners], fill=0)
    return image


def objects(pdf):
    """Object by object, in the order of the file."""
    return re.split(rb"(?<=\nendobj\n)|(?=\nxref\n)", pdf)


def shape(value):
    """What it is made of, without what it says: names of fields, and lengths."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return len(value) if isinstance(value, str) else type(value).__name__


@pytest.mark.requirement("E1", "D12")
def test_the_pages_are_the_same_but_for_their_fields(issued):
    assert issued[SEALED]["form"] == issued[CLEAN]["form"] == "certificate"
    one, other = (picture(content(issued[name]), Form.CERTIFICATE) for name in (SEALED, CLEAN))
    assert one.tobytes() == other.tobytes()
    assert one.getextrema() == (0, 255)
    assert (
        picture(content(issued[SEALED])).tobytes()
        != picture(content(issued[CLEAN])).tobytes()
    )  # fmt: skip


@pytest.mark.requirement("E1")
def test_the_files_differ_where_fields_are_printed_and_in_no_length(issued):
    one, other = (objects(content(issued[name])) for name in (SEALED, CLEAN))
    assert [len(each) for each in one] == [len(each) for each in other]
    different = [a for a, b in zip(one, other, strict=True) if a != b]
    said = {b"Tj": "page", b"/Keywords": "code", b"/FontFile2": "", b"/ID": "digest"}
    kinds = [next((said[mark] for mark in said if mark in each), "font") for each in different]
    assert set(kinds) <= {"page", "code", "digest", "font"}
    assert kinds.count("page") == kinds.count("code") == 1
    for name in (SEALED, CLEAN):
        meta = pypdf.PdfReader(io.BytesIO(content(issued[name]))).metadata
        assert meta.creation_date_raw == meta.modification_date_raw == "D:20000101000000+00'00'"
        assert (meta.producer, meta.creator, meta.author) == ("Fengcun", "Fengcun", "示例市公安局")


@pytest.mark.requirement("E1", "E2", "E5")
def test_the_entries_have_one_shape_and_one_size(counter, issued):
    entries = [entry_of(counter, issued[name]["serial"]) for name in (SEALED, CLEAN)]
    one, other = entries
    assert shape(one["header"]) == shape(other["header"])
    assert len(one["payload"].encode()) == len(other["payload"].encode())
    assert one["header"]["event"] == other["header"]["event"] == "issued"
    assert one["header"]["purpose"] == other["header"]["purpose"]
    for name in (SEALED, CLEAN):
        assert name not in json.dumps(one["header"], ensure_ascii=False)
        assert NUMBERS[name] not in json.dumps(other["header"])


@pytest.mark.requirement("E1", "E5")
def test_the_look_ups_are_recorded_alike(counter, issued):
    asked = counter.entries("decision")
    said = [json.loads(each["payload"]) for each in asked]
    names = [json.dumps(each.get("parameters", {})) for each in said]
    by_person = {}
    for name in (SEALED, CLEAN):
        (index,) = [at for at, text in enumerate(names) if as_bound(name) in text]
        by_person[name] = asked[index]
    one, other = by_person[SEALED], by_person[CLEAN]
    named = {"session": "", "subjects": [""]}  # a pseudonym for each number that was asked for
    assert one["header"] | named == other["header"] | named
    assert len(one["header"]["subjects"]) == len(other["header"]["subjects"]) == 1
    assert one["header"]["rule"] == "sealed-rows"
    assert one["header"]["attribution"] == "setting"
    assert len(one["payload"]) == len(other["payload"])
    ended = counter.entries("outcome")
    outcomes = {each["header"]["decision"]: each for each in ended}
    after = [outcomes[each["index"]]["header"] for each in (one, other)]
    for outcome in after:
        for name in ("decision", "session", "duration_ms"):
            outcome.pop(name)
    assert after[0] == after[1]


def as_bound(name):
    """The end of a text[] of one name, as the protocol carries it, in base64."""
    raw = bytes.fromhex("0000000100000000000000190000000100000001")
    raw += len(name.encode()).to_bytes(4, "big") + name.encode()
    return base64.b64encode(raw).decode()


@pytest.mark.requirement("E1", "E4")
def test_numbers_are_of_one_sequence_whatever_the_form(counter, issued):
    numbers = sorted(int(each["serial"]) for each in issued.values())
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    names = {len(each["file"]) for each in issued.values()}
    assert len(names) == 1
    directory = counter.service.site.home / "certificates"
    for each in issued.values():
        beside = {path.suffix for path in directory.glob(f"{each['serial']}.*")}
        assert beside == {".pdf", ".json"}


@pytest.mark.requirement("E4")
def test_a_mixed_person_is_refused_as_one_with_an_open_record_alone(counter, issued):
    assert issued[MIXED]["form"] == issued[ADULT]["form"] == "refusal"
    one, other = (picture(content(issued[name]), Form.REFUSAL) for name in (MIXED, ADULT))
    assert one.tobytes() == other.tobytes()
    text = json.loads(entry_of(counter, issued[MIXED]["serial"])["payload"])["printed"]
    plain = json.loads(entry_of(counter, issued[ADULT]["serial"])["payload"])["printed"]
    personal = {"number", "name", "identity"}
    assert {k: v for k, v in text.items() if k not in personal} == {
        k: v for k, v in plain.items() if k not in personal
    }
    headers = [entry_of(counter, issued[name]["serial"])["header"] for name in (MIXED, ADULT)]
    assert shape(headers[0]) == shape(headers[1])


@pytest.mark.requirement("E2", "E3")
def test_the_letter_to_a_unit_is_the_same_too(counter):
    letters = {name: counter.issue(letter_about(name)) for name in (SEALED, CLEAN, MIXED_LIKE)}
    assert letters[SEALED]["form"] == letters[CLEAN]["form"] == "letter"
    assert letters[MIXED_LIKE]["form"] == "refusal"
    one, other = (content(letters[name]) for name in (SEALED, CLEAN))
    assert picture(one, Form.LETTER).tobytes() == picture(other, Form.LETTER).tobytes()
    assert [len(each) for each in objects(one)] == [len(each) for each in objects(other)]
    entries = [entry_of(counter, letters[name]["serial"]) for name in (SEALED, CLEAN)]
    assert shape(entries[0]["header"]) == shape(entries[1]["header"])
    assert len(entries[0]["payload"].encode()) == len(entries[1]["payload"].encode())


@pytest.mark.requirement("E3", "E4")
def test_who_is_refused_is_who_has_an_open_conviction(postgres, counter, agency_pruned):
    """Everybody of the seed, by the gate; the same where no sealed row ever was."""
    site = counter.service.site
    people = site.database.run("SELECT person_id, name, id_no FROM base.person ORDER BY 1")
    for number, _, identity in people:
        if identity is None:
            site.database.run(
                f"UPDATE base.person SET id_no = 'P{number:07}' WHERE person_id = {number}"
            )
    gate = ProxyGate(
        HOST, site.port, site.database.name, "desk", PASSWORD,
        Certificate(organ="x", directory=site.home, user="desk").query(),
    )  # fmt: skip

    async def refused():
        found = set()
        for number, name, identity in people:
            wanted = certificate_for(SEALED)
            wanted["person"] = person(name, identity or f"P{number:07}", "passport")
            request = decode_request(json.dumps(wanted).encode(), today=date(2026, 11, 28))
            today = date(2026, 11, 28)
            if await gate.has_conviction(request, officer="021377", today=today):
                found.add(number)
        return found

    assert asyncio.run(refused()) == UNSEALED
    left = agency_pruned.run(
        "SELECT c.person_id FROM base.sentence s JOIN base.case_person c USING (cp_id)"
        " WHERE s.is_effective AND s.result_code IN ('GUILTY', 'EXEMPT')"
        " AND s.effective_on IS NOT NULL"
    )
    assert {number for (number,) in left} == UNSEALED


@pytest.mark.requirement("E4")
def test_every_spelling_of_a_number_finds_the_person(counter):
    site = counter.service.site
    asked = ("110105490203001", "110105194902030016", "１１０１０５４９０２０３００１")
    stored = (asked[0], "110105 490203 001", "110105 19490203 0016 ")
    try:
        for kept, number in [(stored[0], each) for each in asked] + [
            (each, asked[0]) for each in stored
        ]:
            site.database.run(f"UPDATE base.person SET id_no = '{kept}' WHERE name = '甲四'")
            wanted = certificate_for(SEALED)
            wanted["person"] = person("甲四", number)
            assert counter.issue(wanted)["form"] == "refusal", (kept, number)
    finally:
        site.database.run("UPDATE base.person SET id_no = 'P0000004' WHERE name = '甲四'")


def test_a_gate_that_does_not_answer_issues_nothing(counter):
    site = counter.service.site
    before = sorted(path.name for path in (site.home / "certificates").iterdir())
    text = site.config.read_text(encoding="utf-8")
    broken = site.home / "broken.toml"
    broken.write_text(text.replace('user = "certificate"', 'user = "bgcheck"'), encoding="utf-8")
    done = counter.run(
        "issue", "--config", broken, "--officer", "021377", given=certificate_for(ADULT)
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "42501" in done.stderr
    assert sorted(path.name for path in (site.home / "certificates").iterdir()) == before


def test_a_character_that_the_font_lacks_is_an_error_for_everybody(counter):
    answers = []
    for name in (SEALED, CLEAN, ADULT):
        wanted = certificate_for(name)
        wanted["person"]["name"] = name[:-1] + "\U00020bb7"
        done = counter.run("issue", "--config", counter.config, "--officer", "021377", given=wanted)
        answers.append((done.returncode, done.stdout, done.stderr))
    assert len(set(answers)) == 1
    assert answers[0][0] == 1
    assert "name:" in answers[0][2]
    rare = certificate_for(SEALED)
    rare["person"]["name"] = "䶮喆堃镕"
    assert counter.issue(rare)["form"] == "certificate"


def test_nothing_of_a_person_is_in_what_the_service_writes(counter, issued):
    text = counter.service.site.errors.read_text(encoding="utf-8")
    assert not [name for name in NUMBERS if name in text]
    assert not [number for number in NUMBERS.values() if number in text]


@pytest.mark.requirement("E1", "E5", "D12")
def test_over_http_the_two_get_the_same_answers(counter):
    answers = []
    for name in (CLEAN, SEALED):
        status, body, headers = counter.ask("/api/v1/certificates", certificate_for(name))
        said = json.loads(body)
        assert (status, said["form"]) == (201, "certificate")
        _, form, form_headers = counter.ask(headers["Location"])
        assert form.startswith(b"%PDF-")
        checked, page, page_headers = counter.ask(f"/verify/{said['code']}", officer=False)
        assert (checked, name in page.decode()) == (200, True)
        dates = {"Date"}
        answers.append(
            [len(body), len(form), len(page)]
            + [
                sorted((key, len(value)) for key, value in each.items() if key not in dates)
                for each in (headers, form_headers, page_headers)
            ]
        )
        assert counter.ask(headers["Location"], officer=False)[0] == 401
    assert answers[0] == answers[1]
    assert counter.ask("/api/v1/certificates", certificate_for(CLEAN), officer=False)[0] == 401
    status, body, _ = counter.ask("/api/v1/certificates", certificate_for(MIXED))
    assert (status, json.loads(body)["form"]) == (201, "refusal")


def test_the_picture_would_show_a_difference():
    """The comparison can fail: one grey dot outside of the boxes."""
    image = Image.new("L", (PAGE[0] * SCALE, PAGE[1] * SCALE), 255)
    dot = image.copy()
    dot.putpixel((5, 5), 254)
    assert image.tobytes() != dot.tobytes()


@pytest.mark.requirement("E1")
def test_who_looks_at_the_page_too_often_has_to_wait(counter):
    """Last: what it takes is not there again for a minute."""
    for _ in range(400):
        status, _, headers = counter.ask("/verify/FC-AAAAA", officer=False)
        if status == 429:
            break
        assert status == 404
    assert status == 429
    assert 1 <= int(headers["Retry-After"]) <= 60
    # Officers are not kept from their work by it.
    assert counter.ask("/api/v1/certificates", certificate_for(CLEAN))[0] == 201
