"""A large synthetic log, made by the writer's own code with nothing synced and nothing sealed.

    python -m tests.bench.portal_log DIRECTORY --entries 1000000

Entries are numbered, linked, signed and published as the notary does it; the last checkpoint covers
them. No entry has a payload, because the index reads none. Everybody in it is made up. The private
key of a recipient is left beside the log's, so that a portal can make pseudonyms of its persons.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from ledger.chain import JudgedDraft
from ledger.envelope import Identity
from ledger.fields import EntryKind, Header, HeaderValue
from ledger.header import encode_header
from ledger.keyfile import write_secret
from ledger.keys import NotaryKeys, init_keys
from ledger.pseudonyms import PERSON_DOMAIN, Pseudonyms
from tests.unit.ledger.portal.made_log import MadeLog
from tests.unit.ledger.small_log import PROXY_ID

ORIGIN: Final = "bench.example/portal"
START_MS: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z
YEAR_MS: Final = 365 * 24 * 3600 * 1000
PERSONS_COUNT: Final = 500_000
PASSPHRASE: Final = "synthetic words here"
IDENTITY: Final = "keys/procuratorate.identity"
FRAME_ENTRIES: Final = 8
FRAMES_PUBLISHED: Final = 512

_RULES: Final = (
    *(["sealed-rows"] * 50 + ["no-protected-relation"] * 30 + ["masked-columns"] * 8),
    *("subject-budget", "permit-rows", "unparsed", "bulk", "function-not-known", "write-back"),
)
_REFUSING: Final = frozenset(("subject-budget", "unparsed", "bulk", "function-not-known"))
_PRINCIPALS: Final = tuple(
    ["background-check"] * 6 + ["case-handling"] * 4 + ["household-register", "court-filing"]
)


_PSEUDONYMS: Final = Pseudonyms(b"benchmark".ljust(32))


def person_number(number: int) -> str:
    """Nobody's: there is no region 999999."""
    return f"999999{number:012d}"


@cache
def pseudonym(domain: str, number: int) -> str:
    """Stable, so that a benchmark can ask for somebody it knows; of a person as the log's own key
    makes it."""
    if domain == PERSON_DOMAIN:
        return _PSEUDONYMS.of(domain, person_number(number))
    return hashlib.sha256(f"{domain} {number}".encode()).hexdigest()[:32]


def drafts(seed: int) -> Iterator[JudgedDraft]:
    """Decisions with their outcomes, and of the rest as much as a busy office leaves. Endless."""
    chance = random.Random(seed)
    number = 2  # after the genesis entry and the one that begins an epoch
    session = 200
    while True:
        number += 1
        if chance.random() < 0.02:
            yield _other(chance, number)
            continue
        if chance.random() < 0.05:
            session += 1
        header = _decision(chance, session - chance.randrange(200))
        yield JudgedDraft(EntryKind.DECISION, encode_header(EntryKind.DECISION, header))
        number += 1
        refused = header["verdict"] == "refuse"
        outcome: dict[str, HeaderValue] = {
            "decision": number - 2,
            "session": header["session"],
            "principal": header["principal"],
            "rows_count": 0 if refused else min(500, int(chance.expovariate(0.3))),
            "released_bytes": 0 if refused else chance.randrange(4000),
            "error": "42501" if refused else None,
            "cut": True if chance.random() < 0.001 else None,
            "duration_ms": 1 << chance.randrange(8),
        }
        yield JudgedDraft(EntryKind.OUTCOME, encode_header(EntryKind.OUTCOME, outcome))


def _decision(chance: random.Random, session: int) -> dict[str, HeaderValue]:
    rule = chance.choice(_RULES)
    principal = chance.choice(_PRINCIPALS)
    verdict = "refuse" if rule in _REFUSING else "strip" if "s" in rule[-1:] else "pass"
    asked = rule != "no-protected-relation"
    return {
        "verdict": verdict,
        "rule": rule,
        "article": "刑事诉讼法 286" if asked else None,
        "statement_class": "select",
        "principal": principal,
        "attribution": "comment",
        "operator": pseudonym("operator", chance.randrange(2000)),
        "case": f"{chance.getrandbits(128):032x}" if chance.random() < 0.9 else None,
        "account": pseudonym("account", chance.randrange(20)),
        "source": pseudonym("source", chance.randrange(60)),
        "session": f"bench-{session:x}",
        "policy": "0" * 64,
        "catalogue": "17",
        "timing": "held",
        "permit": f"P2026-{chance.randrange(9000)}" if rule == "permit-rows" else None,
        "relations": ["base.case_person"] if asked else None,
        "statement_hmac": f"{chance.getrandbits(128):032x}",
        "sent_hmac": f"{chance.getrandbits(128):032x}" if verdict == "strip" else None,
        "subjects": [pseudonym("person", chance.randrange(PERSONS_COUNT))] if asked else None,
        "subjects_count": 1 if asked else None,
    }


def _other(chance: random.Random, number: int) -> JudgedDraft:
    permit = f"P2026-{chance.randrange(9000)}"
    person = pseudonym("person", chance.randrange(PERSONS_COUNT))
    match chance.randrange(4):
        case 0:
            return _draft(EntryKind.HEARTBEAT, {"state": "alive", "free_bytes": 1 << 40})
        case 1:
            header: Header = {"policy": "0" * 64, "event": "reload", "version": "7"}
            return _draft(EntryKind.POLICY, header)
        case 2:
            header = {"certificate": f"C2026-{number}", "event": "issued", "person": person}
            return _draft(EntryKind.CERTIFICATE, header)
        case _:
            event = chance.choice(("received", "granted", "refused", "used"))
            header = {"permit": permit, "event": event, "subjects": [person]}
            return _draft(EntryKind.PERMIT, header)


def _draft(kind: EntryKind, header: Header) -> JudgedDraft:
    return JudgedDraft(kind, encode_header(kind, header))


def make_log(directory: Path, entries_count: int, *, seed: int = 7) -> NotaryKeys:
    """A log of about so many entries, spread over a year, in `directory`/log."""
    identities = [Identity.generate(name) for name in ("procuratorate", "escrow")]
    recipients = [each.recipient for each in identities]
    made = init_keys(directory / "keys", origin=ORIGIN, proxy_id=PROXY_ID, recipients=recipients)
    write_secret(directory / IDENTITY, identities[0].to_text(), PASSPHRASE.encode())
    keys = replace(made, pseudonyms=_PSEUDONYMS)
    log = MadeLog(directory / "log", keys, now_ms=START_MS)
    log.publisher.publish([log.extend([log.chain.epoch_draft(START_MS)], START_MS)])
    step_ms = YEAR_MS / max(1, entries_count)
    source = drafts(seed)
    began = time.monotonic()
    while log.size < entries_count:
        frames = []
        for _ in range(FRAMES_PUBLISHED):
            if wanted := min(FRAME_ENTRIES, entries_count - log.size):
                now_ms = START_MS + int(log.size * step_ms)
                frames.append(log.extend(islice(source, wanted), now_ms))
        log.publisher.publish(frames)
        if log.size % (1 << 17) < FRAME_ENTRIES * FRAMES_PUBLISHED:
            rate = log.size / (time.monotonic() - began)
            print(f"{log.size:,} entries, {rate:,.0f}/s", file=sys.stderr, flush=True)
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--entries", type=int, default=1_000_000)
    arguments = parser.parse_args()
    arguments.directory.mkdir()
    make_log(arguments.directory, arguments.entries)


if __name__ == "__main__":
    main()
