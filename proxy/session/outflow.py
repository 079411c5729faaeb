"""The server's bytes, chunk to chunk: followed by the mirror, changed where they must be, and put
behind the gate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.errors import UpstreamUnavailable
from proxy.result.scrub import scrub_error, sqlstate_of
from proxy.result.walker import Stretch, Walker
from proxy.session.gate import Gate
from proxy.session.mirror import Mirror
from proxy.session.operation import ANSWERS
from proxy.session.purse import cut_off
from proxy.session.refusals import Poison, encode_refusal
from proxy.wire.postgres import backend
from proxy.wire.postgres.encoding import codec_of

# Long enough for an error that quotes a long value, or a row of 1,600 columns described.
_MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024

# Replication and authentication are not here: if they come, the session ends.
SERVER_TAGS: Final[Mapping[int, int]] = MappingProxyType(
    dict.fromkeys(
        (
            *(tag for tag in ANSWERS if tag != backend.DATA_ROW),
            backend.ERROR,
            backend.NOTICE,
            backend.NOTIFICATION,
            backend.PARAMETER_STATUS,
        ),
        _MESSAGE_BYTES_MAX,
    )
)


class Outflow:
    """Feed the server's bytes with the number of the last record they may depend on."""

    def __init__(self, mirror: Mirror, gate: Gate, poison: Poison) -> None:
        self._mirror = mirror
        self._gate = gate
        self._poison = poison
        self._walker = Walker(SERVER_TAGS)

    def feed(self, chunk: bytes, watermark: int) -> None:
        """Put what the client may see of `chunk` behind the gate. Raises `UpstreamUnavailable`."""
        walk = self._walker.feed(chunk)
        data, position = walk.data, 0
        pieces: list[bytes] = []
        for stretch in walk.stretches:
            if stretch.tag == backend.DATA_ROW:
                passed = self._rows(stretch, data)
                if passed < stretch.end:
                    pieces.append(data[position:passed])
                    position = stretch.end
                continue
            replacement = self._follow(stretch.tag, data[stretch.start : stretch.end])
            if replacement is not None:
                pieces += (data[position : stretch.start], replacement)
                position = stretch.end
        if pieces:
            data = b"".join((*pieces, data[position : walk.end]))
        elif walk.end < len(data):
            data = data[: walk.end]
        units = self._mirror.take_finished()
        late = [unit for unit in units if unit.number > watermark]
        if data or len(units) > len(late):
            now = [unit for unit in units if unit.number <= watermark]
            whole = walk.whole or self._cutting
            self._gate.hold(watermark, data, now, whole=whole)
        if late:
            # Skipped before they were sent: they are in the ledger when their own record is.
            self._gate.hold(max(unit.number for unit in late), b"", late, whole=walk.whole)

    @property
    def _cutting(self) -> bool:
        """What the server says now is of an answer that has been cut off."""
        head = self._mirror.head
        return head is not None and head.cut is not None

    def _rows(self, stretch: Stretch, data: bytes) -> int:
        """Count the rows of a stretch; where in ``data`` those end that the client gets.

        An answer is cut where the first row too many begins, so the one before is whole.
        """
        operation = self._mirror.answer(backend.DATA_ROW)
        unit, rows_max = operation.unit, operation.rows_max
        if unit is None:
            return stretch.end
        if operation.cut is not None:
            return stretch.start
        end, rows_count = stretch.end, unit.rows_count + stretch.rows_count
        if rows_max is not None and rows_count > rows_max:
            end = stretch.behind(data, rows_max - unit.rows_count)
            operation.cut, rows_count, unit.cut = cut_off(operation.plan), rows_max, True
        unit.rows_count = rows_count
        unit.released_bytes += end - stretch.start
        return end

    def _follow(self, tag: int, raw: bytes) -> bytes | None:
        """What the client gets in place of a message; None for the message itself."""
        hidden = b"" if self._cutting and tag in ANSWERS else None
        match tag:
            case backend.READY:
                failed = self._mirror.head is not None and self._mirror.head.failed
                hidden = None if failed else hidden
                self._mirror.ready(backend.decode_ready(raw))
            case backend.ERROR:
                return self._error(raw)
            case backend.NOTICE:
                return b"" if self._mirror.guarded else None
            case backend.NOTIFICATION:
                # LISTEN is not admitted, and what others NOTIFY was never judged for this client.
                return None if self._mirror.unsealed else b""
            case backend.PARAMETER_STATUS:
                self._parameter(raw)
            case _:
                self._mirror.answer(tag)
        return hidden

    def _error(self, raw: bytes) -> bytes | None:
        mirror, head = self._mirror, self._mirror.head
        ours = self._poison.nonce in raw
        if ours and (head is None or head.refusal is None or head.failed):
            raise UpstreamUnavailable("the database refused a text that it was not sent")
        guarded = mirror.guarded
        mirror.fail(sqlstate_of(raw))
        if ours and head is not None and head.refusal is not None:
            return encode_refusal(head.refusal, mirror.codec)
        if head is not None and head.cut is not None:
            return encode_refusal(head.cut, mirror.codec)
        return scrub_error(raw) if guarded else None

    def _parameter(self, raw: bytes) -> None:
        name, value = backend.decode_parameter_status(raw)
        if name == b"application_name":
            self._mirror.claims.named(value.decode("utf-8", "replace"))
        if self._mirror.unsealed:
            if name == b"client_encoding":
                self._mirror.codec = codec_of(value.decode("ascii", "replace")) or "ascii"
            return
        if name == b"standard_conforming_strings" and value != b"on":
            raise UpstreamUnavailable("standard_conforming_strings was turned off")
        if name == b"client_encoding":
            codec = codec_of(value.decode("ascii", "replace"))
            if codec is None:
                raise UpstreamUnavailable("the session's client_encoding is not supported here")
            if codec != self._mirror.codec and not self._mirror.may_turn:
                raise UpstreamUnavailable("client_encoding changed without being set")
            if codec != self._mirror.codec and self._mirror.has_text_behind_head():
                raise UpstreamUnavailable("client_encoding changed under a pipelined statement")
            self._mirror.codec = codec
