"""Formats of an evidence pack, for its verifier: notes, checkpoints, entries, proofs. Pure.

Part of a script that runs without Fengcun, so nothing here imports the rest of the package, and
what `note`, `entry` and `merkle` do is done once more. Of an entry's header only its spelling is
judged; which fields it has, its signature answers for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DASH = "\u2014 ".encode()
CHAIN = re.compile(rb"([a-z0-9-]{1,64}) (0|[1-9][0-9]{0,17}) ([A-Za-z0-9+/=]{44})")
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PAYLOAD = re.compile(rb"payload chacha20poly1305-epoch (\d{1,18}) (\d{1,18}) ([A-Za-z0-9+/=]{44})")
PROOF = re.compile(
    rb"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,17})\n((?:[A-Za-z0-9+/=]{44}\n){0,63})\n(.*)",
    re.DOTALL,
)
CONSISTENCY = re.compile(
    rb"old (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/=]{44}\n){0,63})\n(.*)", re.DOTALL
)


class Wrong(Exception):
    """The pack is not what was signed; `index` is the entry, where one can be named."""

    def __init__(self, chinese: str, english: str, index: int | None = None) -> None:
        super().__init__(f"{chinese} / {english}")
        self.index = index


class Key(NamedTuple):
    name: str
    id: bytes
    algorithm: int  # 1: Ed25519, 4: timestamped cosignature
    public: bytes


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


class Entry(NamedTuple):
    number: int
    data: bytes
    text: bytes
    signatures: list[tuple[str, bytes, bytes]]
    origin: str
    proxy_id: str
    previous: bytes
    time: str
    header: dict[str, object]
    payload: tuple[int, bytes] | None  # length and SHA-256 of the ciphertext


def unbase64(text: bytes) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Wrong("不是 base64", "not base64") from error
    if base64.b64encode(value) != text:
        raise Wrong("base64 写法不唯一", "not the one spelling of that base64")
    return value


def parse_keys(text: str) -> list[Key]:
    keys = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.strip().partition("+")
        id_hex, _, encoded = rest.partition("+")
        raw = unbase64(encoded.encode())
        if not name.isprintable():
            raise Wrong("公钥名称有误", "the name of a public key is not printable")
        if len(raw) != 33 or raw[0] not in (1, 4):
            raise Wrong("公钥格式未知", "a public key of an unknown type")
        if hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != id_hex:
            raise Wrong("公钥与其校验值不符", "the hash inside a public key is wrong")
        keys.append(Key(name, bytes.fromhex(id_hex), raw[0], raw[1:]))
    return keys


def parse_note(data: bytes) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """Text with its final newline, and (name, key id, signature) of each line after it."""
    split = data.rfind(b"\n\n")
    if split < 0 or not data.endswith(b"\n") or re.search(rb"[\x00-\x09\x0b-\x1f]", data):
        raise Wrong("不是已签名的文本", "not a signed note")
    signatures = []
    for line in data[split + 2 : -1].split(b"\n"):
        name, space, encoded = line[len(DASH) :].rpartition(b" ")
        raw = unbase64(encoded)
        if not line.startswith(DASH) or not space or len(raw) < 5:
            raise Wrong("签名行格式有误", "a malformed signature line")
        signatures.append((name.decode("utf-8", "replace"), raw[:4], raw[4:]))
    return data[: split + 1], signatures


def signers(
    text: bytes, signatures: Iterable[tuple[str, bytes, bytes]], keys: Iterable[Key]
) -> dict[Key, int]:
    """Who of `keys` signed, and when (Unix seconds; 0 if not told). A bad signature is `Wrong`."""
    known = {(key.name, key.id): key for key in keys}
    found: dict[Key, int] = {}
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None or key in found:
            continue
        seconds, message = 0, text
        if key.algorithm == 4:
            seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = b"cosignature/v1\ntime %d\n%b" % (seconds, text)
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Wrong("签名无效", f"the signature of {name} is bad") from error
        found[key] = seconds
    return found


def open_checkpoint(note: bytes, keys: list[Key]) -> Checkpoint:
    text, signatures = parse_note(note)
    lines = text.split(b"\n")
    if len(lines) < 4 or not re.fullmatch(rb"0|[1-9][0-9]{0,18}", lines[1]):
        raise Wrong("检查点格式有误", "a malformed checkpoint")
    found = Checkpoint(lines[0].decode("utf-8", "replace"), int(lines[1]), unbase64(lines[2]))
    if all(key.name != found.origin for key in signers(text, signatures, keys)):
        raise Wrong("检查点没有日志的签名", "the log itself did not sign the checkpoint")
    return found


def parse_entry(index: int, data: bytes) -> Entry:
    text, signatures = parse_note(data)
    lines = text.split(b"\n")
    chain = CHAIN.fullmatch(lines[2]) if len(lines) == 7 else None
    if chain is None or not TIME.fullmatch(lines[3]):
        raise Wrong("记录格式有误", "a malformed entry", index)
    header = strict_json(lines[4], index)
    if json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() != lines[4]:
        raise Wrong("记录标头写法不唯一", "the header is not in its one spelling", index)
    first = b"ledger-genesis/v1" if index == 0 else b"ledger-entry/v1"
    if lines[0] != first or (header.get("kind") == "genesis") != (index == 0):
        raise Wrong("记录首行与种类不符", "the first line does not suit the entry", index)
    if int(chain[2]) != index:
        raise Wrong("序号不符", f"the entry calls itself {int(chain[2])}", index)
    payload = PAYLOAD.fullmatch(lines[5])
    if payload is None and lines[5] != b"payload none":
        raise Wrong("载荷行格式有误", "a malformed payload line", index)
    return Entry(
        index, data, text, signatures, lines[1].decode("utf-8", "replace"), chain[1].decode(),
        unbase64(chain[3]), lines[3].decode(), header,
        None if payload is None else (int(payload[2]), unbase64(payload[3])),
    )  # fmt: skip


def strict_json(line: bytes, index: int | None = None) -> dict[str, object]:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) != len(pairs):
            raise Wrong("字段重复", "a field stands twice", index)
        return dict(pairs)

    try:
        value = json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Wrong("不是 JSON", "not JSON", index) from error
    if not isinstance(value, dict):
        raise Wrong("不是 JSON 对象", "not a JSON object", index)
    return value


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion_root(data: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """RFC 9162 section 2.1.3.2; None where the path has the wrong length."""
    if not 0 <= index < size:
        return None
    position, last = index, size - 1
    root = hashlib.sha256(b"\x00" + data).digest()
    for sibling in path:
        if last <= 0:
            return None
        if position & 1 or position == last:
            root = node(sibling, root)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            root = node(root, sibling)
        position, last = position >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(old: Checkpoint, new: Checkpoint, path: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2."""
    if old.size > new.size or old.size == 0:
        return old.size == 0 and not path and old.root == hashlib.sha256(b"").digest()
    if old.size == new.size:
        return not path and old.root == new.root
    hashes = path if old.size & (old.size - 1) else [old.root, *path]
    if not hashes or not path:
        return False
    position, last = old.size - 1, new.size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_root = new_root = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_root, new_root = node(sibling, old_root), node(sibling, new_root)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_root = node(new_root, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and (old_root, new_root) == (old.root, new.root)
