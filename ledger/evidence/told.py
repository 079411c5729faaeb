"""What people read about entries and receipts, in Chinese and English, and the same as JSON."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from ledger.entry import Entry
from ledger.evidence.receipt import Receipt
from ledger.fields import EntryKind
from ledger.wording import utc

KINDS: Final = {
    EntryKind.GENESIS: "创世",
    EntryKind.BOOT: "启动",
    EntryKind.HEARTBEAT: "心跳",
    EntryKind.POLICY: "策略",
    EntryKind.KEY: "密钥",
    EntryKind.DECISION: "裁决",
    EntryKind.OUTCOME: "结果",
    EntryKind.PERMIT: "许可",
    EntryKind.CERTIFICATE: "证明",
    EntryKind.OPINION: "检察意见",
    EntryKind.REPLY: "答复",
    EntryKind.UNSEAL: "解封",
    EntryKind.LABEL: "标注",
    EntryKind.FINDING: "发现",
    EntryKind.ERASURE: "销毁",
    EntryKind.LOOK: "查阅",
}
_VERDICTS: Final = {
    "pass": "放行",
    "strip": "已隐去封存内容",
    "refuse": "拒绝",
    "allow": "放行",
    "rewrite": "改写",
    "deny": "拒绝",
}


def kind_of(entry: Entry) -> str:
    return f"{KINDS.get(entry.kind, '其他')} / {entry.kind.value}"


def gist_of(entry: Entry) -> str:
    """What was decided, by which rule, for whom; of other kinds, their fields."""
    header = entry.header
    if entry.kind is EntryKind.DECISION:
        verdict = str(header["verdict"])
        parts = [f"{_VERDICTS.get(verdict, '裁决')} / {verdict}", f"rule {header['rule']}"]
        parts += [str(header["article"])] if "article" in header else []
        parts += [f"principal {header['principal']}", f"session {header['session']}"]
        return ", ".join(parts)
    return ", ".join(
        f"{name} {value}" for name, value in header.items() if not isinstance(value, list)
    )


def receipt_lines(receipt: Receipt) -> list[str]:
    entry, checkpoint = receipt.entry, receipt.checkpoint
    lines = [
        f"证明有效 / proof valid: entry {receipt.index:,} of {checkpoint.size:,}",
        f"日志 / log        {checkpoint.origin}",
        f"时间 / time       {entry.time}（写入方时钟 / the writer's clock）",
        f"种类 / kind       {kind_of(entry)}",
        f"内容 / content    {gist_of(entry)}",
        f"根   / root       {b64encode(checkpoint.root).decode()}",
    ]
    lines += [
        f"见证 / witness    {each.witness.name} at {utc(each.time_seconds)}"
        for each in receipt.cosigned
    ]
    if not receipt.cosigned:
        lines.append("见证 / witness    未核对 / none was asked for: --witness witness.vkey")
    if receipt.signer is None:
        lines.append(
            "未核对 / not checked: 记录自身的签名，其公钥在第 0 号记录中 / the entry's own "
            "signature, whose key is in entry 0, or in the one that changed it: add --genesis "
            "with the receipt of each"
        )
    else:
        lines.append(f"签名 / signed by  {receipt.signer.name}")
    lines.append(
        "不能证明 / not shown by this: 此后的记录，以及未经代理的访问 / later entries, a fork of "
        "the log, access past the proxy"
    )
    return lines


def receipt_as_json(receipt: Receipt) -> dict[str, object]:
    entry, checkpoint = receipt.entry, receipt.checkpoint
    return {
        "valid": True,
        "index": receipt.index,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": b64encode(checkpoint.root).decode(),
        "time": entry.time,
        "kind": entry.kind.value,
        "header": entry.header,
        "entry_signature_checked": receipt.signer is not None,
        "witnesses": [
            {"witness": each.witness.name, "time": utc(each.time_seconds)}
            for each in receipt.cosigned
        ],
    }
