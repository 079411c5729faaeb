"""The steps in which the procuratorate looks: what is found for it, what the ledger holds, and what
is noticed."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.demo.agency import Agency, CommandFailed
from proxy.demo.scene import ClaimFailed, Entry, Lines, Panel, Rows, Scene, Words, require
from proxy.demo.steps import Stage

_ASKED_CHARACTERS_MAX = 64
_SCANNED_SECONDS_MAX = 60.0
_LOOK_AGAIN_SECONDS = 0.5
OVERDUE = "notice-not-executed"
KINDS: Final = {
    "decision": "判定 decisions",
    "permit": "许可 permits",
    "certificate": "证明 certificates",
    "finding": "发现 findings",
}
_SAID: Final = {
    "pass": "放行", "strip": "去除封存", "refuse": "拒绝",
    "received": "受理", "granted": "许可", "refused": "不予", "revoked": "撤销", "issued": "出具",
    "alarm": "警报", "warning": "警示", "notice": "提示",
}  # fmt: skip


def scan_finds_who_is_not_sealed(stage: Stage) -> Scene:
    """实施办法第11条: a notice that nobody carried out, told to the supervisor alone."""
    agency, cast = stage.agency, stage.cast
    rules = {each.name: each for each in agency.law.findings}
    found = _scanned(agency, frozenset(rules))
    require({each.header.get("observed_count") for each in found} == {1}, "headers tell no number")
    overdue = next(each for each in found if each.word("rule") == OVERDUE)
    content = json.loads(overdue.payload or "")
    keys = [[cast.notice_id, cast.minor.cp_id]]
    require(content["found"] == 1 and content["keys"] == keys, "exactly his notice is overdue")
    rule = rules[OVERDUE]
    return Scene(
        Words("夜间扫描：谁该封存而没有封", "The nightly scan: who should be sealed"),
        Words(
            f"{cast.minor.name}的封存通知书早已送达，签收之后无人执行。",
            f"The notice to seal {cast.minor.name} was received, and then nobody acted on it.",
        ),
        "03:00",
        f"{rule.name}\n{rule.title}",
        (
            Panel(
                Words("旁人看到的", "what others see"),
                Lines(
                    (
                        f"{len(rules)} 条规则都有记录，没有人名，也没有数量",
                        f"{len(rules)} rules, an entry each: no name, no number",
                    )
                ),
            ),
            Panel(
                Words("检察机关解密后", "decrypted by the procuratorate"),
                Rows(
                    ("发现 found", *map(str, content["columns"])),
                    tuple(("1", *map(str, key)) for key in keys),
                    "",
                ),
            ),
        ),
        Words(
            "检察机关不等举报就知道；数据里他依然不可见。",
            "The supervisor knows without being told; in the data he stays unseen.",
        ),
        overdue,
    )


def _scanned(agency: Agency, rules: frozenset[str]) -> tuple[Entry, ...]:
    """What the service found when it made up for the night's scan. Raises `ClaimFailed`."""
    deadline = time.monotonic() + _SCANNED_SECONDS_MAX
    while True:
        found = agency.entries("finding", identity=agency.supervisor)
        if rules <= {each.word("rule") for each in found}:
            return found
        require(time.monotonic() < deadline, "the scan that was missed at night is made up for")
        time.sleep(_LOOK_AGAIN_SECONDS)


def supervisor_reads_the_ledger(stage: Stage) -> Scene:
    """Intact, without a name in clear, and readable with the procuratorate's key alone."""
    agency = stage.agency
    said = agency.verify().splitlines()[0]
    size = int((re.findall(r"[0-9]+", said) or ["0"])[-1])
    require("record intact" in said and size >= max(stage.seen, 1), "the record is intact")
    minor, adult, stranger = stage.cast.minor, stage.cast.adult, stage.cast.stranger
    private = [minor.name, minor.id_no, adult.name, adult.id_no, stranger.name, stranger.id_no]
    require(
        not any(text.encode() in data for _, data in _files(agency.log) for text in private),
        "no name and no number of a person stands in the ledger in clear",
    )
    read = agency.entries("decision", identity=agency.supervisor)
    permitted = [each for each in read if each.word("permit")]
    require(bool(permitted), "the ledger says what was seen by a permit")
    entry = permitted[0]
    opened = json.loads(entry.payload or "")
    require(stage.cast.minor.id_no in opened["text"], "the supervisor's key opens what was asked")
    require(opened["user"] == "court", "the supervisor sees who asked")
    return Scene(
        Words("检察官核验账本", "The prosecutor checks the ledger"),
        Words(
            "核验只需公钥；要读语句原文，须有检察机关自己的私钥。",
            "Checking takes a public key; reading what was asked, the procuratorate's own.",
        ),
        "procuratorate",
        "fengcun ledger verify --log ledger --key log.vkey",
        (
            Panel(Words("核验", "verified"), Lines((said,))),
            Panel(
                Words(f"第 {entry.index} 号，解密之后", f"entry {entry.index}, decrypted"),
                Lines(
                    (
                        f"谁   who    {opened['user']} @ {opened['source']}",
                        f"凭据 permit {entry.word('permit')}",
                        f"问   asked  {' '.join(opened['text'].split())[:_ASKED_CHARACTERS_MAX]}…",
                    )
                ),
            ),
        ),
        Words(
            f"{size} 条记录完整；问过的姓名和证号，账本里没有一处明文。",
            f"{size} entries, intact; no name or number stands in them in clear.",
        ),
        entry,
    )


def tampering_is_found(stage: Stage) -> Scene:
    """One byte of one entry, in a copy of the log; then put back."""
    refused = [d for d in stage.agency.entries("decision") if d.word("verdict") == "refuse"]
    require(bool(refused), "the ledger holds a refusal")
    victim = refused[0]
    copy = stage.agency.home / "tampered-copy"
    shutil.copytree(stage.agency.log, copy, ignore=shutil.ignore_patterns("*.sock", "lock"))
    originals = _copies_of(victim, copy)
    for path, data in originals.items():
        path.write_bytes(_with_one_byte_changed(data, victim))
    said = _failure(stage.agency, copy)
    require(
        f"entry {victim.index} was altered" in said, "verification names the entry that was changed"
    )
    for path, data in originals.items():
        path.write_bytes(data)
    restored = stage.agency.verify(copy)
    shutil.rmtree(copy)
    return Scene(
        Words("有人改动了一个字节", "Somebody changes one byte"),
        Words(
            f"在账本的副本里，把第 {victim.index} 号记录（平台被拒）改动一个字节。",
            f"In a copy of the log, one byte of entry {victim.index}, the platform's refusal.",
        ),
        "procuratorate",
        "fengcun ledger verify --log tampered-copy --key log.vkey",
        (
            Panel(Words("改动后", "changed"), Lines(tuple(said.splitlines()))),
            Panel(Words("还原后", "put back"), Lines(tuple(restored.splitlines()[:1]))),
        ),
        Words(
            f"核验指出第 {victim.index} 号记录；还原后恢复完整。",
            f"Verification names entry {victim.index}; put back, the record is intact again.",
        ),
    )


def ledger_in_numbers(agency: Agency) -> Rows:
    """What a supervisor finds after the tour: kinds of entries, how many, and what they say."""
    entries = agency.entries(*KINDS)
    rows = []
    for kind, title in KINDS.items():
        said = Counter(_says(each) for each in entries if each.kind == kind)
        words = " · ".join(f"{_SAID.get(each, each)} {said[each]}" for each in said)
        rows.append((title, str(said.total()), words))
    return Rows(("类别 kind", "条 entries", "其中 of them"), tuple(rows), "")


def _says(entry: Entry) -> str:
    """The one word of an entry: what was decided, done or found."""
    fields = map(entry.word, ("verdict", "event", "severity"))
    return next(filter(None, fields), entry.kind)


def _files(directory: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def _mark(entry: Entry) -> bytes:
    """What stands in this decision's entry and in no other."""
    return f'"statement_hmac":"{entry.word("statement_hmac")}"'.encode()


def _copies_of(entry: Entry, log: Path) -> dict[Path, bytes]:
    """The files of a log that hold the entry: the bundles, or what comes before there are any."""
    holding = {path: data for path, data in _files(log) if _mark(entry) in data}
    require(bool(holding), f"entry {entry.index} is in the log")
    bundles = {path: data for path, data in holding.items() if "entries" in path.parts}
    return bundles or holding


def _with_one_byte_changed(data: bytes, entry: Entry) -> bytes:
    """The first letter of the verdict is another one."""
    verdict = b'"verdict":"'
    at = data.rindex(verdict, 0, data.index(_mark(entry))) + len(verdict)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def _failure(agency: Agency, log: Path) -> str:
    try:
        agency.verify(log)
    except CommandFailed as failed:
        require(failed.code == 1, "verification ends with exit code 1")
        return failed.output
    raise ClaimFailed("the demo does not hold what it says: a changed byte is found")
