"""The pictures of the portal in its documentation, made by a real browser.

    python -m tests.scenarios.pictures [DIRECTORY]

They go to deploy/images, unless another place is named. Everybody and everything in them is made
up, and says so.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from unittest import mock

from PIL import Image

from ledger.chain import JudgedDraft
from ledger.fields import EntryKind
from ledger.header import HeaderValue, encode_header
from ledger.portal.beijing import BEIJING
from ledger.portal.logs import Source, source_of
from ledger.portal.pages.entry import place_of
from ledger.portal.pages.verification import place_of as verification_of
from proxy.policy.wording import SENTENCES
from tests.scenarios.chromium import Page, browsing
from tests.scenarios.service import ROOT
from tests.unit.ledger.portal.house import PASSWORD, QIN, House, until_indexed
from tests.unit.ledger.portal.made_log import bundle_of, rewrite_bundle
from tests.unit.ledger.portal.proof.believers import PASSPHRASE, portal
from tests.unit.ledger.small_log import SmallLog

IMAGES: Final = ROOT / "deploy/images"
WIDTH, TABLET_WIDTH = 1280, 820
COLOURS: Final = 64
POLICE, COURT, SCHOOLS = "示例市公安局", "示例区人民法院", "示例市教育局"
DAYS: Final = 12
STATEMENT: Final = (
    "SELECT name, charge, term_months FROM case_person WHERE id_no = $1 ORDER BY decided_on"
)
_MADE_UP: Final = "（虚构）"
_BASIS: Final = "main > section:nth-of-type(4)"
"""Of the page of an access: what it was based on."""


@dataclass
class History:
    """A log of some days, filled day by day."""

    log: SmallLog
    chance: random.Random
    noon: datetime
    """Of the day that is filled, on the clock of China."""
    drafts: list[tuple[datetime, JudgedDraft]] = field(default_factory=list)

    def of(self, domain: str, value: str) -> str:
        return self.log.keys.pseudonyms.of(domain, value)

    def decided(
        self, hour: float, officer: str, person: str | None = None, **changed: HeaderValue
    ) -> None:
        """A statement at that hour about somebody; its payload is as the proxy writes it."""
        person = person or f"999999{self.chance.randrange(10**12):012}"
        operator = f"{officer}{_MADE_UP}"
        case, source = f"示公刑〔2026〕{self.chance.randrange(900)} 号", "192.0.2.17"
        payload = {
            "text": STATEMENT, "sent": f"{STATEMENT} /* 已隐去封存内容（示例） */",
            "operator": operator, "case": case, "user": "caseapp",
            "database": "agency", "source": source, "application_name": "办案平台（示例）",
            "parameters": {"formats": [0], "values": [b64encode(person.encode()).decode()]},
        }  # fmt: skip
        header: dict[str, HeaderValue] = {
            "verdict": "strip", "rule": "sealed-rows", "article": "刑事诉讼法第286条",
            "statement_class": "select", "principal": "case-handling", "attribution": "setting",
            "operator": self.of("operator", operator), "case": self.of("case", case),
            "source": self.of("source", source), "session": f"s{self.chance.randrange(40)}",
            "policy": sha256(b"").hexdigest(), "timing": "with",
            "relations": ["public.case_person"],
            "statement_hmac": self.of("statement", STATEMENT),
            "subjects": [self.of("person", person)], "subjects_count": 1, **changed,
        }  # fmt: skip
        header = {name: value for name, value in header.items() if value is not None}
        self.add(hour, EntryKind.DECISION, header, payload)

    def add(
        self, hour: float, kind: EntryKind, header: Mapping[str, HeaderValue],
        payload: object = None,
    ) -> None:  # fmt: skip
        data = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        moment = self.noon + timedelta(hours=hour - 12)
        self.drafts.append((moment, JudgedDraft(kind, encode_header(kind, header), data)))

    def write(self, before: datetime) -> None:
        """What was added, in order, up to a moment."""
        assert self.log.sequencer is not None
        for moment, draft in sorted(self.drafts, key=lambda pair: pair[0]):
            if moment < before:
                self.log.clock.now_ms = int(moment.timestamp() * 1000)
                (done,) = self.log.sequencer.commit([[draft]])
                if draft.kind is EntryKind.DECISION:
                    self.log.clock.now_ms += 12
                    self.log.sequencer.commit([[self._outcome(done.first_index, draft)]])
        self.drafts.clear()

    def _outcome(self, decision: int, draft: JudgedDraft) -> JudgedDraft:
        said = json.loads(draft.header_line)
        refused = said["verdict"] == "refuse"
        header: dict[str, HeaderValue] = {
            "decision": decision,
            "session": said["session"],
            "rows_count": 0 if refused else self.chance.randrange(1, 4),
            "released_bytes": 0 if refused else self.chance.randrange(80, 400),
            "duration_ms": 8,
        }
        return JudgedDraft(EntryKind.OUTCOME, encode_header(EntryKind.OUTCOME, header))


def history(root: Path, name: str, seed: int, now: datetime) -> tuple[SmallLog, Source]:
    """`DAYS` days until now. Of the police, some of what a lead is made of, too."""
    log = SmallLog(root)
    noon = datetime.combine(now.astimezone(BEIJING).date(), datetime.min.time(), BEIJING)
    first = noon - timedelta(days=DAYS) + timedelta(hours=12)
    log.clock.now_ms = int((first - timedelta(hours=6)).timestamp() * 1000)
    log.create().open()
    told = History(log, random.Random(seed), first)
    for day in range(DAYS + 1):
        told.noon = first + timedelta(days=day)
        for _ in range(told.chance.randrange(5, 9)):
            told.decided(8.5 + 9 * told.chance.random(), told.chance.choice(["赵示例", "钱示例"]))
        if name == POLICE:
            _what_leads_are_made_of(told, day)
        told.write(now)
    log.clock.now_ms = int(now.timestamp() * 1000) - 40_000
    assert log.sequencer is not None
    told.noon = now.astimezone(BEIJING)
    told.add(12, EntryKind.HEARTBEAT, {"state": "alive", "free_bytes": 1 << 38})
    told.write(now + timedelta(seconds=1))
    log.close()
    return log, source_of(name, str(root), [str(log.keys.log.verifier)])


def _what_leads_are_made_of(told: History, day: int) -> None:
    if day == 3:
        for at in range(6):
            told.decided(14 + at / 10, "孙示例", case=None)
    if day == 6:
        for at in range(4):
            told.decided(22 + at / 10, "李示例")
    if day == 8:
        for at in range(7):
            told.decided(10 + at / 10, "孙示例", verdict="refuse", rule="bulk-access",
                         article="实施办法第19条", subjects=None, subjects_count=None)  # fmt: skip
    if day == 9:
        for at in range(3):
            told.decided(15 + at / 5, "周示例", source=told.of("source", f"192.0.2.{20 + at}"))
    if day == 10:
        told.decided(9, "吴示例", "999999201001010011")
        certificate = {"certificate": "C2026-31", "event": "refused",
                       "person": told.of("person", "999999201001010011")}  # fmt: skip
        told.add(16, EntryKind.CERTIFICATE, certificate)


def altered(log: SmallLog, after: int) -> None:
    """Somebody who can write to the copy makes another of a decision."""
    width = log.verify().size
    entries = bundle_of(log.root, 0, width)
    index = _first_decision(log, after)
    entries[index] = entries[index].replace(b'"verdict":"strip"', b'"verdict":"plain"')
    rewrite_bundle(log.root, 0, entries, width)


def _first_decision(log: SmallLog, after: int) -> int:
    entries = bundle_of(log.root, 0, log.verify().size)
    return next(n for n in range(after, len(entries)) if b'"verdict":"strip"' in entries[n])


async def pictures(folder: Path, scratch: Path) -> dict[str, Path]:
    """By name. In a browser as it is set up in China, by whose calendar its dates are."""
    with mock.patch.dict(os.environ, {"LANGUAGE": "zh_CN"}):
        return await _pictures(folder, scratch)


async def _pictures(folder: Path, scratch: Path) -> dict[str, Path]:
    now = datetime.now(UTC)
    logs = [
        history(scratch / f"log-{number}", name, number, now)
        for number, name in enumerate((POLICE, COURT, SCHOOLS))
    ]
    sizes = [log.verify().size for log, _ in logs]
    altered(logs[2][0], 31)
    made = {}
    async with (
        portal(scratch / "state", [source for _, source in logs], rule_words=SENTENCES) as house,
        browsing(scratch) as page,
    ):
        for (_, source), size in zip(logs, sizes, strict=True):
            await until_indexed(house, size, source.name)
        await _sign_in(page, house)
        await _unlock(page, house)
        await _verify(page, house, logs[0][1], "intact")
        await _verify(page, house, logs[2][1], "broken")
        made["verification"] = await _picture(page, folder / "verification.png")
        await page.go(f"{house.base}/", ".card dd")
        made["overview"] = await _picture(page, folder / "overview.png")
        await page.go(f"{house.base}/leads", "tbody tr")
        made["leads"] = await _picture(page, folder / "leads.png")
        index = _first_decision(logs[0][0], 12)
        await page.go(f"{house.base}{place_of(logs[0][1], index)}", "#check")
        await page.until("document.readyState === 'complete'")  # its scripts, too
        await page.value("document.getElementById('check').click()")
        await page.until("document.getElementById('browser').dataset.result === 'good'")
        made["access"] = await _picture(page, folder / "access.png", until=_BASIS)
        made["check"] = await _picture(page, folder / "check.png", only="#browser")
    return made


async def _sign_in(page: Page, house: House) -> None:
    async with house.browser() as codes:
        code = codes.code(QIN)
    await page.go(f"{house.base}/sign-in", "#password")
    for name, text in (("name", QIN.name), ("password", PASSWORD), ("code", code)):
        await page.fill(name, text)
    await page.press("Enter")
    await page.until("document.querySelector('.who span') !== null")


async def _unlock(page: Page, house: House) -> None:
    await page.go(f"{house.base}/unlock?to=/leads", "#passphrase")
    await page.fill("passphrase", PASSPHRASE)
    await page.press("Enter")
    await page.until("location.pathname === '/leads'")


async def _verify(page: Page, house: House, source: Source, standing: str) -> None:
    await page.go(f"{house.base}{verification_of(source)}", "main form button")
    await page.value("document.querySelector('main form button').click()")
    await page.until("document.querySelector('[data-standing]') !== null")
    found = await page.value("document.querySelector('[data-standing]').dataset.standing")
    assert found == standing or (standing, found) == ("intact", "warned"), found


async def _picture(page: Page, file: Path, *, until: str = "", only: str = "") -> Path:
    """Of the whole page, of what comes before the end of an element, or of one alone; 1280 wide,
    in few colours. It has to fit a tablet, too."""
    for width in (TABLET_WIDTH, WIDTH):
        await page.call("Emulation.setDeviceMetricsOverride", width=width, height=800,
                        deviceScaleFactor=1, mobile=False)  # fmt: skip
        assert await page.value("document.documentElement.scrollWidth <= innerWidth"), file
    await page.picture(file)
    left, top, right, bottom = await _box(page, until or only or "html")
    image = Image.open(io.BytesIO(file.read_bytes())).convert("RGB")
    bottom = min(bottom, image.height)
    box = (left, top, right, bottom) if only else (0, 0, image.width, bottom)
    image.crop(box).quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    return file


async def _box(page: Page, selector: str) -> tuple[int, int, int, int]:
    """With some room around it."""
    box = await page.value(
        f"(() => {{ const b = document.querySelector({json.dumps(selector)})"
        ".getBoundingClientRect(); return [b.left - 16, b.top + scrollY - 8, b.right + 16,"
        " b.bottom + scrollY + 16]; })()"
    )
    return (int(box[0]), int(box[1]), int(box[2]), int(box[3]))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, file in asyncio.run(pictures(folder, Path(scratch))).items():
            print(f"{name}: {file.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    main()
