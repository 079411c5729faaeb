"""What people read about a log, in Chinese and English, and the same as JSON."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Final

from ledger.verify import Fault, LogInvalid, Report
from ledger.witnessed import CosignedNote

_FAULTS: Final = {
    Fault.ALTERED: ("第 {index} 号记录被改动", "entry {index} was altered"),
    Fault.MISPLACED: (
        "第 {index} 号位置上是另一条记录（有删除、调换或重复）",
        "another entry stands at {index} (deleted, reordered or repeated)",
    ),
    Fault.UNLINKED: (
        "第 {index} 号记录与前一条不衔接",
        "entry {index} does not follow the one before it",
    ),
    Fault.MISSING: ("第 {index} 号记录缺失", "entry {index} is missing"),
    Fault.GENESIS: (
        "第 {index} 号记录：创世记录与公钥不符",
        "entry {index}: the genesis entry does not suit the public key",
    ),
    Fault.EPOCH: ("第 {index} 号记录：找不到密钥记录", "entry {index}: its key entry is not there"),
    Fault.PAYLOAD: ("第 {index} 号记录的密文被改动", "the payload of entry {index} was altered"),
    Fault.PAYLOAD_GONE: (
        "第 {index} 号记录的密文缺失，且无销毁指令",
        "the payload of entry {index} is missing, and by no order",
    ),
    Fault.TILE: ("第 {index} 号记录的哈希瓦片被改动", "the hash tile of entry {index} was altered"),
    Fault.ROOT: ("记录与已签名的根不符", "the entries do not have the signed root"),
    Fault.CHECKPOINT: ("检查点签名无效", "the checkpoint is not validly signed"),
    Fault.WAL: (
        "第 {index} 号记录：预写日志与已发布内容不符或受损",
        "entry {index}: the write-ahead log is damaged or contradicts what is published",
    ),
    Fault.FORK: ("记录与此前见过的检查点不是同一份", "this is not the log that was seen before"),
    Fault.ROLLBACK: (
        "记录被回退：第 {index} 号及以后的记录不见了",
        "the log was rolled back: entry {index} and later are gone",
    ),
    Fault.KEY: (
        "第 {index} 号记录：更换密钥不合规则",
        "entry {index} does not change keys as it must",
    ),
    Fault.RETIRED: (
        "所用公钥已由第 {index} 号记录宣布的公钥接替",
        "the public key that was given was succeeded, announced by entry {index}",
    ),
    Fault.FROZEN: (
        "第 {index} 号记录写在账本封存之后",
        "entry {index} was added after the log was frozen",
    ),
    Fault.PREDECESSOR: (
        "与前一账本不衔接",
        "this log does not continue the earlier one",
    ),
}


def sentence(invalid: LogInvalid) -> str:
    chinese, english = _FAULTS[invalid.fault]
    text = f"{chinese} / {english}".format(index=invalid.index)
    return f"{text} ({invalid.detail})"


def invalid_as_json(invalid: LogInvalid) -> dict[str, object]:
    return {
        "intact": False,
        "fault": invalid.fault.value,
        "index": invalid.index,
        "detail": invalid.detail,
    }


def report_lines(report: Report) -> list[str]:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(report.kinds.items()))
    present, absent = report.payloads_present_count, report.payloads_absent_count
    erased = report.payloads_erased_count
    lines = [
        f"记录完整 / record intact: {report.size:,} {'entry' if report.size == 1 else 'entries'}",
        f"日志 / log        {report.origin}",
        f"时间 / time       {report.first_time} … {report.last_time}",
        f"种类 / kinds      {kinds}",
        f"根   / root       {b64encode(report.root).decode()}",
        f"密文 / payloads   {present:,} present, {absent:,} not in this copy, {erased:,} erased",
    ]
    if report.erasures_unfinished_count:
        lines.append(
            "未完成的销毁 / recorded as erased and still here, run erase again: "
            f"{report.erasures_unfinished_count:,}"
        )
    lines += [
        f"前一账本的销毁 / erased by order from the earlier log {log}: {len(indices):,}"
        for log, indices in sorted(report.erased_earlier.items())
    ]
    if not report.signatures_checked:
        lines.append(
            "签名 / signatures 各条记录自身的签名未核验 / those of the entries not checked"
        )
    lines += _key_lines(report)
    if report.predecessor is not None:
        before = report.predecessor
        lines.append(f"前一账本 / continues {before.origin}, {before.size:,} entries")
    if report.ended is not None:
        successor = report.ended.successor or "—"
        lines.append(f"已封存 / frozen by entry {report.ended.index}, goes on as: {successor}")
    if report.published_size < report.size:
        pending = report.size - report.published_size
        lines.append(f"待发布 / durable, not yet published: {pending:,}")
    if report.torn_bytes:
        lines.append(
            f"未完成的尾部 / unfinished tail, never acknowledged: {report.torn_bytes} bytes"
        )
    return lines


def _key_lines(report: Report) -> list[str]:
    """What a reader has to know of log keys, where there was ever more than one."""
    lines = [
        f"公钥接替 / log key {key.id.hex()} was succeeded: entry {index}"
        for key, index in report.succeeded
    ]
    if report.succeeded:
        names = ", ".join(key.id.hex() for key in report.log_keys)
        lines.append(f"现用公钥 / log keys that sign now: {names}")
        lines += [
            f"未提供 / not given, known by the log's own word: {key}" for key in report.not_given
        ]
    lines += [
        f"账本未提及 / given, and not announced by the log (not yet, or cut off): {key}"
        for key in report.unknown
    ]
    return lines


def earlier_line(report: Report) -> str:
    """A log before the one that was asked about; unfrozen it could still be continued."""
    state = "未封存 / not frozen" if report.ended is None else "已封存 / frozen"
    return f"前一账本完整 / earlier log intact: {report.origin}, {report.size:,} entries, {state}"


def report_as_json(report: Report) -> dict[str, object]:
    return {
        "intact": True,
        "origin": report.origin,
        "size": report.size,
        "published_size": report.published_size,
        "root": b64encode(report.root).decode(),
        "signatures_checked": report.signatures_checked,
        "kinds": dict(report.kinds),
        "payloads_present_count": report.payloads_present_count,
        "payloads_absent_count": report.payloads_absent_count,
        "payloads_erased_count": report.payloads_erased_count,
        "erasures_unfinished_count": report.erasures_unfinished_count,
        "erased_earlier_counts": {
            log: len(indices) for log, indices in sorted(report.erased_earlier.items())
        },
        "torn_bytes": report.torn_bytes,
        "first_time": report.first_time,
        "last_time": report.last_time,
        "log_keys": list(map(str, report.log_keys)),
        "succeeded": [{"key": str(key), "index": index} for key, index in report.succeeded],
        "not_given": list(map(str, report.not_given)),
        "unknown": list(map(str, report.unknown)),
        "predecessor": None if report.predecessor is None else report.predecessor.origin,
        "frozen": report.ended is not None,
        "successor": None if report.ended is None else report.ended.successor,
    }


def witness_line(seen: CosignedNote) -> str:
    """Who vouches for how much of the log, and since when."""
    name, size = seen.cosigned.witness.name, seen.checkpoint.size
    return f"见证 / witness    {name}: {size:,} entries at {utc(seen.cosigned.time_seconds)}"


def witness_as_json(seen: CosignedNote) -> dict[str, object]:
    return {
        "witness": seen.cosigned.witness.name,
        "size": seen.checkpoint.size,
        "time": utc(seen.cosigned.time_seconds),
    }


def utc(seconds: int) -> str:
    """Unix seconds as people and RFC 3339 write them; of a clock beyond reason, the number."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"@{seconds}"
