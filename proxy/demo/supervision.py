"""The steps in which the procuratorate looks: what the ledger holds, and what it notices."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from proxy.demo.agency import Agency, CommandFailed
from proxy.demo.scene import ClaimFailed, Decision, Lines, Panel, Scene, Words, require
from proxy.demo.steps import Stage

_SENT_CHARACTERS_MAX = 160


def supervisor_reads_the_ledger(stage: Stage) -> Scene:
    """Intact, without a name in clear, and readable with the procuratorate's key alone."""
    agency = stage.agency
    report = json.loads(agency.verify(as_json=True))
    require(report["intact"] is True and report["size"] > stage.seen, "the record is intact")
    private = [stage.cast.minor.id_no, stage.cast.stranger_id_no, stage.cast.minor.name]
    require(
        not any(text.encode() in data for _, data in _files(agency.log) for text in private),
        "no name and no number of a person stands in the ledger in clear",
    )
    read = agency.decisions(start=0, identity=agency.supervisor)
    asked = [d for d in read if stage.cast.stranger_id_no in (d.payload or "")]
    require(bool(asked), "the supervisor's key opens what was asked")
    entry = asked[0]
    opened = json.loads(entry.payload or "")
    require(opened["user"] == "desk", "the supervisor sees who asked")
    checkpoint = (agency.log / "checkpoint").read_text(encoding="utf-8").split("\n\n")[0]
    return Scene(
        Words("检察官核验账本", "The procuratorate checks the ledger"),
        Words(
            "核验只需公钥；要读语句原文，须有检察机关自己的私钥。",
            "Checking takes the public key; reading a statement takes the procuratorate's own key.",
        ),
        "procuratorate",
        "fengcun ledger verify --log ledger --key log.vkey",
        (
            Panel(Words("核验", "verified"), Lines(tuple(agency.verify().splitlines()))),
            Panel(Words("签名的检查点", "signed checkpoint"), Lines(tuple(checkpoint.split("\n")))),
            Panel(
                Words(
                    f"第 {entry.index} 号记录，用检察机关私钥解密",
                    f"entry {entry.index}, decrypted",
                ),
                Lines(
                    (
                        f"asked  {' '.join(opened['text'].split())}",
                        f"sent   {opened['sent'][:_SENT_CHARACTERS_MAX]}…",
                        f"by     {opened['user']} @ {opened['source']}",
                    )
                ),
            ),
        ),
        Words(
            f"{report['size']} 条记录完整；刚才查过的姓名和证号，在账本里没有一处明文。",
            f"All {report['size']} entries are intact; no name or number that was asked for stands"
            " in the log in clear.",
        ),
        entry,
    )


def tampering_is_found(stage: Stage) -> Scene:
    """One byte of one entry, in a copy of the log; then put back."""
    refused = [d for d in stage.agency.decisions(start=0) if d.word("verdict") == "refuse"]
    require(bool(refused), "the ledger holds a refusal")
    victim = refused[0]
    copy = stage.agency.home / "tampered-copy"
    shutil.copytree(stage.agency.log, copy, ignore=shutil.ignore_patterns("*.sock", "lock"))
    originals = _copies_of(victim, copy)
    for path, data in originals.items():
        path.write_bytes(_with_one_byte_changed(data, victim))
    said = _failure(stage.agency, copy, as_json=False)
    found = json.loads(_failure(stage.agency, copy, as_json=True))
    require(
        found["intact"] is False and found["index"] == victim.index,
        "verification names the entry that was changed",
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


def _files(directory: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def _mark(decision: Decision) -> bytes:
    """What stands in this decision's entry and in no other."""
    return f'"statement_hmac":"{decision.word("statement_hmac")}"'.encode()


def _copies_of(decision: Decision, log: Path) -> dict[Path, bytes]:
    """The files of a log that hold the entry: the bundles, or what comes before there are any."""
    holding = {path: data for path, data in _files(log) if _mark(decision) in data}
    require(bool(holding), f"entry {decision.index} is in the log")
    bundles = {path: data for path, data in holding.items() if "entries" in path.parts}
    return bundles or holding


def _with_one_byte_changed(data: bytes, decision: Decision) -> bytes:
    """The first letter of the verdict is another one."""
    verdict = b'"verdict":"'
    at = data.rindex(verdict, 0, data.index(_mark(decision))) + len(verdict)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def _failure(agency: Agency, log: Path, *, as_json: bool) -> str:
    try:
        agency.verify(log, as_json=as_json)
    except CommandFailed as failed:
        require(failed.code == 1, "verification ends with exit code 1")
        return failed.output
    raise ClaimFailed("the demo does not hold what it says: a changed byte is found")
