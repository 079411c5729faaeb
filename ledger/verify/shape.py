"""How an entry looks that the writer wrote: a quick yes, and a no that says nothing. Pure.

Two regular expressions and comparisons of bytes accept less than `entry.parse_entry` does, and
nothing that it would not read the same. What they do not take is read by it.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import Final, TypeAlias

from ledger.entry import ENTRY_LINE, NUMBER
from ledger.header import HEADER_BYTES_MAX, LINE_GRAMMARS, EntryKind
from ledger.note import DASH, VerifierKey

EntryRead: TypeAlias = tuple[str, str, int | None, int, bytes]
"""Kind and time; epoch, size in bytes and digest (base64) of the ciphertext, None, 0 and b""."""

_LETTER: Final = rb"[A-Za-z0-9+/]"
_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# The last letter of a value that leaves two bytes over has two spare bits. They are zero in the
# one spelling that counts.
_LAST: Final = rb"[AEIMQUYcgkosw048]="
_TIME: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
# These may lay something down for later entries, so all of their fields are wanted.
_GRAMMARS: Final = {
    name: (kind.value, pattern)
    for name, (kind, pattern) in LINE_GRAMMARS.items()
    if kind not in (EntryKind.GENESIS, EntryKind.KEY, EntryKind.HEARTBEAT, EntryKind.ERASURE)
}


class Shape:
    """Entries of one origin and proxy, with one signature, by `key`."""

    def __init__(self, origin: str, proxy_id: str, key: VerifierKey) -> None:
        self._key = key
        start = b"%b\n%b\n%b" % (ENTRY_LINE, origin.encode(), proxy_id.encode())
        self._head = start.replace(b"%", b"%%") + b" %d %b\n"
        signer = b"\n%b%b " % (DASH, key.name.encode())
        self._signer_bytes = len(signer)
        first, spare = b2a_base64(key.id, newline=False)[:5], (key.id[3] & 3) << 4
        self._tail = re.compile(
            rb'(%b)\n(\{"kind":"([a-z]+)"[^\n]*)\n' % _TIME
            + rb"payload (?:none|chacha20poly1305-epoch (%b) (%b) (%b{42}%b))\n"
            % (NUMBER, NUMBER, _LETTER, _LAST)
            + rb"%b(%b[%b]%b{84}%b)\n"
            % (
                re.escape(signer),
                re.escape(first),
                re.escape(_LETTERS[spare : spare + 16]),
                _LETTER,
                _LAST,
            )
        )

    def read(
        self, index: int, previous: bytes, data: bytes, *, signatures: bool
    ) -> EntryRead | None:
        """Entry `index` after the one with the digest `previous`; None where in doubt."""
        head = self._head % (index, b2a_base64(previous, newline=False))
        match = self._tail.fullmatch(data, len(head)) if data.startswith(head) else None
        if match is None:
            return None
        time, line, name, epoch, size_bytes, digest, signature = match.groups()
        grammar = _GRAMMARS.get(name)
        if grammar is None or len(line) > HEADER_BYTES_MAX:
            return None
        kind, pattern = grammar
        try:
            if pattern.fullmatch(line.decode()) is None:
                return None
        except UnicodeDecodeError:
            return None
        if signatures:
            text = data[: match.start(7) - self._signer_bytes]
            if not self._key.verifies(text, a2b_base64(signature)[4:]):
                return None
        if epoch is None:
            return kind, time.decode(), None, 0, b""
        return kind, time.decode(), int(epoch), int(size_bytes), digest
