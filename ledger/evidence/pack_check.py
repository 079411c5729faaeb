"""Everything in an evidence pack held against the keys, the proofs and the manifest.

Part of a script that runs without Fengcun: see `pack_formats`.
"""

from __future__ import annotations

import hashlib
import itertools
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.evidence.pack_files import MANIFEST, NAME, Files
from ledger.evidence.pack_formats import (
    CONSISTENCY,
    PROOF,
    Checkpoint,
    Entry,
    Key,
    Wrong,
    inclusion_root,
    is_consistent,
    open_checkpoint,
    parse_entry,
    parse_keys,
    parse_note,
    signers,
    strict_json,
    unbase64,
)

FORMAT = "fengcun-evidence/v1"
FAULTS_MAX = 20
# A zip file breaks in many ways, and text that is no Unicode in one more.
UNREADABLE = (OSError, ValueError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile)
PAYLOAD_STATES = ("none", "here", "absent")


class Result(NamedTuple):
    """What a pack holds, and everything found wrong with it."""

    faults: list[Wrong]
    manifest_sha256: str
    checkpoint: Checkpoint | None
    ranges: list[tuple[int, int]]  # first and last index of what was selected
    context_count: int
    here_count: int
    absent_count: int
    opened_count: int
    since_size: int | None
    witnesses: list[tuple[str, int, int]]  # name, size it cosigned, Unix seconds
    unknown_cosigners: list[str]


class Manifest:
    """`manifest.json`, of which only its own shape is believed."""

    def __init__(self, data: bytes) -> None:
        value = strict_json(data)
        self.sha256 = hashlib.sha256(data).hexdigest()
        if value.get("format") != FORMAT:
            raise Wrong("不是此版本的证据包", "not an evidence pack of this version")
        try:
            self.origin = str(value["origin"])
            self.ranges = [(_count(a), _count(b)) for a, b in _lists(value["selected"])]
            self.context = [_count(index) for index in _list(value["context"])]
            self.files: dict[str, tuple[str, int]] = {}
            for each in _list(value["files"]):
                if not isinstance(each, dict) or str(each["name"]) in self.files:
                    raise Wrong("清单格式有误", "a malformed manifest")
                self.files[str(each["name"])] = str(each["sha256"]), _count(each["bytes"])
        except (KeyError, ValueError) as error:
            raise Wrong("清单格式有误", "a malformed manifest") from error
        flat = [index for pair in self.ranges for index in pair]
        in_order = flat == sorted(flat) and self.context == sorted(set(self.context))
        if not in_order or any(not NAME.fullmatch(name) for name in self.files):
            raise Wrong("清单格式有误", "a malformed manifest")

    def expected(self) -> Iterator[tuple[int, str]]:
        """Index and role of each entry there must be, in order."""
        selected = itertools.chain.from_iterable(range(a, b + 1) for a, b in self.ranges)
        waiting = list(reversed(self.context))
        for index in selected:
            while waiting and waiting[-1] < index:
                yield waiting.pop(), "context"
            if waiting and waiting[-1] == index:
                raise Wrong("清单格式有误", "an entry is both selected and context")
            yield index, "selected"
        while waiting:
            yield waiting.pop(), "context"


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError
    return value


def _lists(value: object) -> list[list[object]]:
    return [_list(each) for each in _list(value)]


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError
    return value


class Check:
    """One pass over a pack."""

    def __init__(self, files: Files, keys: list[Key], witnesses: list[Key]) -> None:
        self.files = files
        self.manifest = Manifest(files.small(MANIFEST))
        self.keys = keys
        self.witnesses = witnesses
        self.note = b""
        self.checkpoint: Checkpoint | None = None
        self.here_count = self.absent_count = self.opened_count = 0
        self.since_size: int | None = None
        self.cosigned: list[tuple[str, int, int]] = []
        self.unknown: list[str] = []
        self._entry_key: Key | None = None
        self._log_keys: list[Key] = []
        self._last: Entry | None = None

    def digests(self) -> Iterator[Wrong]:
        """Every file that is not the one in the manifest, or not in it at all."""
        listed = self.manifest.files
        for name in sorted(set(listed) - self.files.names):
            yield Wrong(f"缺少文件 {name}", f"the file {name} is missing")
        for name in sorted(self.files.names - set(listed) - {MANIFEST}):
            yield Wrong(f"清单中没有文件 {name!r}", f"the file {name!r} is not in the manifest")
        for name in sorted(set(listed) & self.files.names):
            if self.files.digest(name, listed[name][1]) != listed[name]:
                yield Wrong(f"文件 {name} 被改动", f"the file {name} was altered")

    def open(self) -> Checkpoint:
        """The checkpoint, signed by one of the keys given: what the log names is not trusted."""
        self.note = self.files.small("checkpoint")
        checkpoint = open_checkpoint(self.note, self.keys)
        if checkpoint.origin != self.manifest.origin:
            raise Wrong("清单与检查点不是同一日志", "manifest and checkpoint are of two logs")
        self.checkpoint = checkpoint
        if {"since.checkpoint", "since.consistency"} & self.files.names:
            since = open_checkpoint(self.files.small("since.checkpoint"), self.keys)
            self._consistent(since, "since.consistency")
            self.since_size = since.size
        for name in sorted(self.files.names):
            if name.startswith("cosigned/") and name.endswith(".checkpoint"):
                self._cosignatures(name)
        for key in self.witnesses:
            if key.name not in [name for name, *_ in self.cosigned]:
                raise Wrong(f"没有 {key.name} 的共签", f"{key.name} cosigned nothing in this pack")
        return checkpoint

    def entries(self, progress: Callable[[int], None]) -> None:
        """All of them: there, proved, signed, linked, and their payloads."""
        expected = self.manifest.expected()
        names = [name for name in sorted(self.manifest.files) if name.startswith("entries/")]
        for name in names:
            payloads = self.files.lines(name.replace("entries/", "payloads/", 1))
            opened = self.files.lines(name.replace("entries/", "opened/", 1))
            row_opened = next(opened, None)
            for row in self.files.lines(name):
                index, role = next(expected, (None, ""))
                if index is None or row.get("index") != index or row.get("role") != role:
                    raise Wrong(f"{name} 中的记录不符", f"another entry in {name}", index)
                entry = self._entry(index, row)
                self._payload(entry, row, payloads)
                if row_opened is not None and row_opened.get("index") == index:
                    self.opened_count += 1
                    row_opened = next(opened, None)
                progress(index)
            if next(payloads, None) is not None or row_opened is not None:
                raise Wrong(f"{name} 有多余的载荷", f"payloads without their entry beside {name}")
        missing, _ = next(expected, (None, ""))
        if missing is not None:
            raise Wrong(f"缺少第 {missing} 号记录", f"entry {missing} is missing", missing)
        # Begun with a key that was given, or with one that was succeeded by such a one.
        if not set(self._log_keys) & set(self.keys):
            raise Wrong("日志始于另一公钥", "the log was begun with another key", 0)

    def _entry(self, index: int, row: dict[str, object]) -> Entry:
        checkpoint = self.checkpoint
        assert checkpoint is not None
        data = str(row.get("entry")).encode()
        proof = PROOF.fullmatch(str(row.get("proof")).encode())
        if proof is None or int(proof[1]) != index or proof[3] != self.note:
            raise Wrong("证明格式有误", "a malformed proof, or of another checkpoint", index)
        path = [unbase64(line) for line in proof[2].split()]
        if inclusion_root(data, index, checkpoint.size, path) != checkpoint.root:
            raise Wrong("记录或其证明被改动", "the entry or its proof was altered", index)
        entry = parse_entry(index, data)
        if entry.origin != checkpoint.origin:
            raise Wrong("属于另一日志", "it belongs to another log", index)
        self._signed(entry)
        last = self._last
        follows = last is None or entry.previous == hashlib.sha256(last.data).digest()
        if last is not None and last.number == index - 1 and not follows:
            raise Wrong("与前一条不衔接", "it does not follow the one before it", index)
        self._last = entry
        return entry

    def _signed(self, entry: Entry) -> None:
        """By the entry key in force: that of the genesis entry, or the one announced last."""
        header = entry.header
        if entry.number == 0:
            self._log_keys = parse_keys(str(header.get("log_key")))
            self._entry_key = self._named(entry, "entry_key")
        if self._entry_key is None:
            raise Wrong("缺少创世记录", "the genesis entry is missing", 0)
        must = [self._entry_key]
        if header.get("kind") == "key" and header.get("purpose") == "log":
            self._log_keys += parse_keys(str(header.get("key")))
        if header.get("kind") == "key" and header.get("purpose") == "entry":
            must.append(self._named(entry, "key"))
        if set(signers(entry.text, entry.signatures, must)) != set(must):
            raise Wrong("记录签名无效", "it is not signed by the entry key", entry.number)
        self._entry_key = must[-1]

    def _named(self, entry: Entry, field: str) -> Key:
        (key,) = parse_keys(str(entry.header.get(field)))
        if (key.name, key.algorithm) != (f"{entry.origin}/proxy/{entry.proxy_id}", 1):
            raise Wrong("密钥名称不符", "it names a key of another proxy", entry.number)
        return key

    def _payload(
        self, entry: Entry, row: dict[str, object], payloads: Iterator[dict[str, object]]
    ) -> None:
        state = row.get("payload")
        if state not in PAYLOAD_STATES or (state == "none") != (entry.payload is None):
            raise Wrong("载荷状态不符", "it was signed with another payload", entry.number)
        if state == "absent":
            self.absent_count += 1
        if state != "here" or entry.payload is None:
            return
        given = next(payloads, {})
        ciphertext = unbase64(str(given.get("ciphertext")).encode())
        found = (len(ciphertext), hashlib.sha256(ciphertext).digest())
        if given.get("index") != entry.number or found != entry.payload:
            raise Wrong(
                "密文缺失、被改动或调换", "its ciphertext is not the signed one", entry.number
            )
        self.here_count += 1

    def _consistent(self, old: Checkpoint, name: str) -> None:
        assert self.checkpoint is not None
        proof = CONSISTENCY.fullmatch(self.files.small(name))
        path = [] if proof is None else [unbase64(line) for line in proof[2].split()]
        if proof is None or int(proof[1]) != old.size or proof[3] != self.note:
            raise Wrong(f"{name} 格式有误", f"{name} is malformed, or of another checkpoint")
        if old.origin != self.checkpoint.origin or not is_consistent(old, self.checkpoint, path):
            raise Wrong(f"{name} 不成立：分叉？", f"{name} does not hold: a fork?")

    def _cosignatures(self, name: str) -> None:
        note = self.files.small(name)
        checkpoint = open_checkpoint(note, self.keys)
        self._consistent(checkpoint, name.replace(".checkpoint", ".consistency"))
        text, signatures = parse_note(note)
        known = {(key.name, key.id) for key in [*self.keys, *self.witnesses]}
        seen = signers(text, signatures, [key for key in self.witnesses if key.algorithm == 4])
        self.cosigned += [(key.name, checkpoint.size, at) for key, at in seen.items()]
        self.unknown += [one for one, key_id, _ in signatures if (one, key_id) not in known]


def check_pack(
    path: Path,
    keys: list[Key],
    witnesses: list[Key],
    progress: Callable[[int], None] = lambda index: None,
) -> Result:
    """Look at everything; what is wrong is in `faults`. Raises nothing."""
    faults: list[Wrong] = []
    try:
        check = Check(Files(path), list(keys), witnesses)
    except Wrong as wrong:
        return Result([wrong], "", None, [], 0, 0, 0, 0, None, [], [])
    except UNREADABLE:
        return Result([_unreadable()], "", None, [], 0, 0, 0, 0, None, [], [])
    try:
        faults += itertools.islice(check.digests(), FAULTS_MAX)
        check.open()
        check.entries(progress)
    except Wrong as wrong:
        faults.append(wrong)
    except UNREADABLE:
        faults.append(_unreadable())
    manifest = check.manifest
    return Result(
        sorted(faults, key=lambda fault: fault.index is None), manifest.sha256, check.checkpoint,
        manifest.ranges, len(manifest.context), check.here_count, check.absent_count,
        check.opened_count, check.since_size, check.cosigned, sorted(set(check.unknown)),
    )  # fmt: skip


def _unreadable() -> Wrong:
    return Wrong("有内容无法读取", "something in it cannot be read")
