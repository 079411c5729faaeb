"""What the encrypted part of an entry says: texts and parameters, or of what is too long a digest.
Pure."""

from __future__ import annotations

import base64
import hashlib
import json

from proxy.session.commands import Record
from proxy.wire.postgres.encoding import decode_exactly
from proxy.wire.postgres.frontend import decode_parameters

encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def payload_opening(record: Record, cut_bytes: int) -> str:
    """How a payload begins; of what is longer than `cut_bytes`, its start, length and digest."""
    content = _text("text", record.text, record.codec, cut_bytes)
    if record.sent is not None:
        content |= _text("sent", record.sent.encode(), "utf-8", cut_bytes)
    who = record.attribution
    content |= {} if who.operator is None else {"operator": who.operator}
    content |= {} if who.case is None else {"case": who.case}
    return encode_json(content).removesuffix("}")


def text_in_utf8(record: Record) -> bytes:
    """The text as the payload's reader has it, so that the pseudonym can be computed again."""
    if record.codec == "utf-8":
        return record.text
    text = decode_exactly(record.text, record.codec) or record.text.decode(record.codec, "replace")
    return text.encode()


def bound_values(values: bytes, cut_bytes: int) -> dict[str, object]:
    """The parameters of a Bind, base64 of the bytes as sent, None for NULL."""
    if len(values) > cut_bytes:
        return {"bind_bytes": len(values), "bind_sha256": hashlib.sha256(values).hexdigest()}
    decoded = decode_parameters(values)
    shown = [None if v is None else base64.b64encode(v).decode("ascii") for v in decoded.values]
    return {"formats": decoded.formats, "values": shown}


def _text(name: str, raw: bytes, codec: str, cut_bytes: int) -> dict[str, object]:
    if len(raw) > cut_bytes:
        return {
            f"{name}_start": raw[:cut_bytes].decode(codec, "replace"),
            f"{name}_bytes": len(raw),
            f"{name}_sha256": hashlib.sha256(raw).hexdigest(),
        }
    if (text := decode_exactly(raw, codec)) is not None:
        return {name: text}
    return {f"{name}_base64": base64.b64encode(raw).decode("ascii")}
