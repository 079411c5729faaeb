"""Receipts that the log's own keys signed and no writer would make: both checks agree on them."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, parse_checkpoint_text
from ledger.cosignature import CosigningKey
from ledger.entry import parse_entry
from ledger.fetch import DirectoryLog, entry_at
from ledger.merkle import leaf_hash, node_hash, root_from_inclusion
from ledger.note import SigningKey, parse_note
from ledger.proof import Proof, parse_proof
from tests.unit.ledger.portal.proof.browser_check import (
    NODE,
    Given,
    agree,
    given_of,
    scripts,
)
from tests.unit.ledger.small_log import ORIGIN, PROXY_ID, SmallLog, log_of, notary_keys

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node")

KEYS = notary_keys()
WITNESS = CosigningKey("procuratorate.example/w1", b"w" * 32)
DASH = "\u2014 "


@pytest.fixture(scope="module")
def check(tmp_path_factory) -> Path:
    return scripts(tmp_path_factory.mktemp("scripts"))


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("log") / "log", 300)


# ------------------------------------------------------------------ signed by the keys themselves


def signed_checkpoint(checkpoint: Checkpoint, key: SigningKey = KEYS.log) -> bytes:
    return checkpoint.signed(key.signer())


def in_a_tree(log: SmallLog, entry: bytes, note_of=signed_checkpoint) -> Given:
    """An entry after the genesis entry, in a tree of these two that the log key signed."""
    genesis = entry_at(DirectoryLog(log.root), 0, 300)
    first, second = leaf_hash(genesis), leaf_hash(entry)
    checkpoint = Checkpoint(ORIGIN, 2, node_hash(first, second))
    history = Proof(0, (second,), signed_checkpoint(checkpoint), genesis).to_bytes()
    receipt = Proof(1, (first,), note_of(checkpoint), entry).to_bytes()
    return Given(receipt, (history,), (str(KEYS.log.verifier),))


def entry_text(log: SmallLog) -> bytes:
    data = entry_at(DirectoryLog(log.root), 2, 300)
    text = parse_entry(data)[1].text
    return text.replace(f"{PROXY_ID} 2 ".encode(), f"{PROXY_ID} 1 ".encode(), 1)


def test_entries_that_the_entry_key_signed_and_no_entry_may_look_like(check: Path, log: SmallLog):
    sign, text = KEYS.entry.signer(), entry_text(log)
    assert agree(check, [in_a_tree(log, sign(text))]) == [True]
    lines = text.split(b"\n")
    changes = [
        (0, b"ledger-genesis/v1"), (0, b"ledger-entry/v2"), (0, b""), (1, b"other.example/a"),
        (1, b"a b"), (1, "ledger.example/agency1\u200b".encode()), (1, b"a+b"),
        (2, lines[2].replace(b" 1 ", b" 01 ")), (2, lines[2].replace(b" 1 ", b" 2 ")),
        (2, lines[2].replace(b" 1 ", b" 18446744073709551617 ")),
        (2, lines[2].replace(b" 1 ", b" 9007199254740993 ")),
        (2, lines[2].replace(PROXY_ID.encode(), b"P1")), (2, lines[2].replace(b" ", b"  ", 1)),
        (2, lines[2][:-1] + b"A"), (2, lines[2][:-2] + b"=="), (2, lines[2] + b" "),
        (3, b"2026-01-01T00:00:00Z"), (3, lines[3].replace(b"0", "\u0660".encode(), 1)),
        (3, b"9999-99-99T99:99:99.999Z"), (5, b"payload"), (5, b"payload none "),
        (5, b"payload chacha20poly1305-epoch 1 256 " + b64encode(b"d" * 32)),
        (5, b"payload chacha20poly1305-epoch 1 256 " + b64encode(b"d" * 32)[:-2] + b"d="),
        (5, b"payload chacha20poly1305-epoch 01 256 " + b64encode(b"d" * 32)),
        (5, b"payload chacha20poly1305-epoch 1 999999999999999999 " + b64encode(b"d" * 32)),
        (5, b"payload chacha20poly1305-epoch 1 9999999999999999999 " + b64encode(b"d" * 32)),
    ]  # fmt: skip
    texts = [b"\n".join([*lines[:at], line, *lines[at + 1 :]]) for at, line in changes]
    texts += [text + b"more\n", text.replace(b"\n", b"\n\n", 1), text[:-1] + b"\xff\n",
              text.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + text, text[1:], b"\n"]  # fmt: skip
    taken = agree(check, [in_a_tree(log, sign(each)) for each in texts])
    # A link and a time that are none, and what a payload is, no receipt can judge. Whether the
    # other link (14) is canonical base64 hangs on the entry before.
    assert [at for at, each in enumerate(taken) if each and at != 14] == [13, 18, 21, 24]


BOOT = '{"kind":"boot","software":"%s","recovered_size":%s,"published_size":1,"torn_bytes":0}'
HEADERS = [
    *(BOOT % (word, 1) for word in ("a", "封存１", "a\u200b", "-a", "a-", "1" * 15, "1" * 14)),
    *(BOOT % ("a", n) for n in ("01", "9" * 15, "9" * 16, "-1", "1e3", "1.0", "0", '"1"', "")),
    (BOOT % ("a", 1)).replace('"kind"', '"kind":"boot","kind"', 1),
    '{"kind":"boot","software":"a","published_size":1,"recovered_size":1,"torn_bytes":0}',
    '{"kind":"boot","software":"a","recovered_size":1,"published_size":1,"torn_bytes":0,"x":1}',
    '{"kind": "boot","software":"a","recovered_size":1,"published_size":1,"torn_bytes":0}',
    '{"kind":"constructor"}',
    '{"kind":"toString"}',
    "{}",
    "",
    '{"kind":"outcome","session":"s","rows_count":1,"released_bytes":1,"cut":true}',
    '{"kind":"outcome","session":"s","rows_count":1,"released_bytes":1,"cut":1}',
    '{"kind":"outcome","session":"s","rows_count":1,"released_bytes":1,"subjects":[]}',
    '{"kind":"outcome","session":"s","rows_count":1,"released_bytes":1,"subjects":["' + "a" * 32
    + '"]}',
    '{"kind":"outcome","session":"s","rows_count":1,"released_bytes":1,"subjects":["' + "A" * 32
    + '"]}',
    '{"kind":"erasure","order":"a","authority":"b","article":"《刑诉法》286、287","entries":["1"]}',
    '{"kind":"erasure","order":"a","authority":"b","article":"，286","entries":["1"]}',
    '{"kind":"erasure","order":"a","authority":"b","article":"刑诉法-286 ","entries":["1"]}',
    '{"kind":"heartbeat","state":"' + "a" * 200 + '"}',
    '{"kind":"heartbeat","state":"' + "a" * 201 + '"}',
    '{"kind":"heartbeat","state":"٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣"}',
    '{"kind":"heartbeat","state":"²½Ⅷ㊀"}',
    '{"kind":"heartbeat","state":"e\u0301"}',
    '{"kind":"heartbeat","state":"\U00020000"}',
    '{"kind":"heartbeat","state":"\\u0061"}',
]  # fmt: skip


def test_header_lines_are_judged_by_one_grammar(check: Path, log: SmallLog):
    sign, lines = KEYS.entry.signer(), entry_text(log).split(b"\n")
    texts = [b"\n".join([*lines[:4], header.encode(), *lines[5:]]) for header in HEADERS]
    taken = agree(check, [in_a_tree(log, sign(each)) for each in texts])
    assert 8 < sum(taken) < len(HEADERS) - 15


def test_checkpoints_that_the_log_key_signed_and_none_may_look_like(check: Path, log: SmallLog):
    entry, sign = KEYS.entry.signer()(entry_text(log)), KEYS.log.signer()

    def case(change) -> Given:
        return in_a_tree(log, entry, lambda checkpoint: change(checkpoint.to_text()))

    def line(text: bytes) -> bytes:
        return sign(text)[len(text) + 1 :]

    stranger = SigningKey(ORIGIN, b"s" * 32).signer()
    cosigned = WITNESS.cosign
    changes = [
        sign,
        lambda text: sign(text) + line(text),  # the same line twice
        lambda text: sign(text) + line(text + b"x\n"),  # and once more, bad: it is not looked at
        lambda text: stranger(text)[: len(text) + 1] + line(text + b"x\n") + line(text),
        lambda text: stranger(text) + line(text),
        lambda text: sign(text) + stranger(text)[len(text) + 1 :],
        stranger,
        lambda text: text + b"\n" + cosigned(text, 1).to_line(),
        lambda text: sign(text) + cosigned(text, 1).to_line(),
        lambda text: sign(text) + line(text) * 15,
        lambda text: sign(text) + line(text) * 16,
        lambda text: sign(text + b"extension\n"),
        lambda text: sign(text + b"\n"),
        lambda text: sign(text.replace(b"\n2\n", b"\n02\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n+2\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n3\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n2.0\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n9223372036854775807\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n9223372036854775808\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n18446744073709551618\n")),
        lambda text: sign(text.replace(b"\n2\n", b"\n9007199254740994\n")),
        lambda text: sign(text.replace(ORIGIN.encode(), b"other.example/a")),
        lambda text: sign(text.replace(ORIGIN.encode(), b"")),
        lambda text: sign(text[:-2] + b"\n"),
        lambda text: sign(text[:-3] + bytes([text[-3] + 1]) + text[-2:]),
        lambda text: sign(text) + b"\n",
        lambda text: sign(text)[:-1],
        lambda text: sign(text)[:-2] + b"\n",
        lambda text: sign(text).replace(DASH.encode(), b"- "),
        lambda text: sign(text).replace(DASH.encode(), DASH.encode() + b" "),
        lambda text: sign(text) + f"{DASH}a AAAAAA==\n".encode(),
        lambda text: sign(text) + f"{DASH}a AAAAAAA=\n".encode(),
        lambda text: sign(text) + f"{DASH}a AAAAAAB=\n".encode(),
        lambda text: sign(text) + f"{DASH}a AAAA\n".encode(),
        lambda text: sign(text) + f"{DASH}a\ufeff AAAAAAA=\n".encode(),
        lambda text: sign(text) + f"{DASH}a\x85 AAAAAAA=\n".encode(),
        lambda text: sign(text) + f"{DASH}a\u3000 AAAAAAA=\n".encode(),
        lambda text: sign(text) + f"{DASH}a\u2028b AAAAAAA=\n".encode(),
        lambda text: sign(text) + b"\xff\n",
    ]
    cases = [case(change) for change in changes]
    cases += [Given(each.receipt, each.history, (*each.keys, str(WITNESS.verifier)))
              for each in cases]  # fmt: skip
    taken = agree(check, cases)
    assert taken[:12] == [True, True, True, False, True, True, False, False, True, True, False,
                          True]  # fmt: skip
    assert sum(taken[12 : len(changes)]) == 2


def test_an_entry_that_another_key_signed(check: Path, log: SmallLog):
    text, name = entry_text(log), KEYS.entry.name
    signers = [SigningKey(name, b"x" * 32), KEYS.log, SigningKey("a.example", KEYS.entry.seed)]
    assert not any(agree(check, [in_a_tree(log, each.signer()(text)) for each in signers]))


def test_a_log_that_is_begun_with_another_key_than_the_one_that_is_registered(
    check: Path, log: SmallLog
):
    """Whoever holds a registered key cannot take another's genesis entry for their own."""
    other = SigningKey(ORIGIN, b"o" * 32)
    entry = KEYS.entry.signer()(entry_text(log))
    case = in_a_tree(log, entry, lambda each: signed_checkpoint(each, other))
    first = parse_proof(case.history[0])
    note = signed_checkpoint(parse_checkpoint_text(parse_note(first.checkpoint_note).text), other)
    history = Proof(0, first.path, note, first.entry).to_bytes()
    assert agree(check, [Given(case.receipt, (history,), (str(other.verifier),))]) == [False]


def test_a_size_that_no_log_can_have(check: Path, log: SmallLog):
    index = 10**17
    text = entry_text(log).replace(f"{PROXY_ID} 1 ".encode(), f"{PROXY_ID} {index} ".encode(), 1)
    entry, genesis = KEYS.entry.signer()(text), given_of(log.root, [KEYS.log.verifier], 0)
    path = [leaf_hash(b"%d" % number) for number in range(63)]
    cases = []
    for size in (2**63 - 1, 2**63):
        root = root_from_inclusion(leaf_hash(entry), index, size, path)
        note = signed_checkpoint(Checkpoint(ORIGIN, size, root))
        receipt = Proof(index, tuple(path), note, entry).to_bytes()
        cases.append(Given(receipt, genesis.history, genesis.keys))
    assert agree(check, cases) == [True, False]


@pytest.mark.parametrize(
    ("index", "size"),
    [
        (2**53 + 1, 2**53 + 2), (2**53 - 1, 2**53), (2**53, 2**53 + 1), (10**18 - 1, 10**18),
        (10**18 - 1, 2**63 - 1), (2**32, 2**32 + 1), (1, 2**63 - 1), (2**53 + 1, 2**60),
    ],
)  # fmt: skip
def test_numbers_beyond_what_a_double_holds(check: Path, log: SmallLog, index: int, size: int):
    text = entry_text(log).replace(f"{PROXY_ID} 1 ".encode(), f"{PROXY_ID} {index} ".encode(), 1)
    entry = KEYS.entry.signer()(text)
    path: list[bytes] = []
    while True:
        try:
            root = root_from_inclusion(leaf_hash(entry), index, size, path)
            break
        except ValueError:
            path.append(leaf_hash(b"%d" % len(path)))
    genesis = given_of(log.root, [KEYS.log.verifier], 0)
    keys = (str(KEYS.log.verifier),)

    def case(claimed: int, of: int, used: list[bytes]) -> Given:
        note = signed_checkpoint(Checkpoint(ORIGIN, of, root))
        return Given(Proof(claimed, tuple(used), note, entry).to_bytes(), genesis.history, keys)

    cases = [case(index, size, path), case(index - 1, size, path), case(index + 1, size, path),
             case(index, size, path[:-1]), case(index, size, [*path, path[0]]),
             case(index, index, path)]  # fmt: skip
    taken = agree(check, cases)
    assert taken[0]
    assert not any(taken[1:5])


def test_a_genesis_that_names_keys_as_none_may(check: Path, tmp_path: Path):
    log = log_of(tmp_path / "log", 1)
    genesis = entry_at(DirectoryLog(log.root), 0, log.verify().size)
    text = parse_note(genesis).text
    names = [
        (rb'"recipients":\["[^"]+",', b'"recipients":['),
        (rb'"pseudonym_key":\["[^"]+",', b'"pseudonym_key":['),
        (rb'"alg":"ed25519"', b'"alg":"ed448"'),
        (rb'"alg":"ed25519",', b""),
        (rb'"log_key":"[^"]+"', b'"log_key":"%b"' % str(KEYS.entry.verifier).encode()),
        (rb'"entry_key":"[^"]+"', b'"entry_key":"%b"' % str(KEYS.log.verifier).encode()),
        (rb'"log_key":"([^"+]+\+)........', rb'"log_key":"\g<1>00000000'),
        (rb'"recipients":\["([^"+]+\+)........', rb'"recipients":["\g<1>00000000'),
        (rb'"recipients":\["([^"]+)","[^"]+"', rb'"recipients":["\1","\1"'),
    ]
    texts = [text, *(re.sub(pattern, new, text, count=1) for pattern, new in names)]
    assert len(set(texts)) == len(texts)
    cases = []
    for each in texts:
        entry = KEYS.entry.signer()(each)
        note = signed_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(entry)))
        receipt = Proof(0, (), note, entry).to_bytes()
        cases.append(Given(receipt, (receipt,), (str(KEYS.log.verifier),)))
    assert [at for at, each in enumerate(agree(check, cases)) if each] == [0, 4]
