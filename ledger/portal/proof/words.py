"""What a prosecutor is told of a verification: one sentence, and what to do. Pure.

No technical word stands here; the technical detail is shown apart from it, folded away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.portal.words import Words as Pair
from ledger.verify import Fault


@dataclass(frozen=True, slots=True)
class Words(Pair):
    """`{index}`, `{last}` and `{count}` stand for numbers; in the advice there is none."""

    advice_chinese: str = ""
    advice_english: str = ""

    @property
    def advice(self) -> Pair:
        return Pair(self.advice_chinese, self.advice_english)


INTACT: Final = "intact"
UNSURE: Final = "unsure"

_KEEP: Final = (
    "请勿自行修复。保存现状，导出证据包，并要求记录单位说明。",
    "Repair nothing. Keep everything as it is, export an evidence pack, and ask the agency.",
)
_KEYS: Final = (
    "请与记录单位以可信的方式核对登记的公钥；未核对之前不作证据使用。",
    "Compare the registered public key with the agency's by a trusted way, before it is evidence.",
)
_AGAIN: Final = (
    "没有得出结论，不等于记录完整。请管理员排除原因后重新核验。",
    "This does not mean that it is intact. Have the cause removed, and verify again.",
)


def _kept(chinese: str, english: str) -> Words:
    return Words(chinese, english, *_KEEP)


def _unsure(chinese: str, english: str) -> Words:
    return Words(f"不能确认：{chinese}", f"Cannot confirm: {english}", *_AGAIN)


FAULTS: Final[Mapping[Fault, Words]] = MappingProxyType(
    {
        Fault.ALTERED: _kept("第 {index} 号记录被改动", "Entry {index} was altered"),
        Fault.MISPLACED: _kept(
            "第 {index} 号位置上是另一条记录：有记录被删除、调换或者重复",
            "Another entry stands at {index}: one was deleted, exchanged or repeated",
        ),
        Fault.UNLINKED: _kept(
            "第 {index} 号记录与前一条不衔接：其间有记录被替换",
            "Entry {index} does not follow the one before it: something was replaced",
        ),
        Fault.MISSING: _kept("第 {index} 号记录缺失", "Entry {index} is missing"),
        Fault.GENESIS: Words(
            "第 {index} 号记录（开账记录）与登记的密钥不符，可能是另一本账",
            "Entry {index}, the first, does not suit the registered key: it may be another log",
            *_KEYS,
        ),
        Fault.EPOCH: _kept(
            "第 {index} 号记录的加密内容没有相应的密钥记录",
            "The key entry for the encrypted content of entry {index} is not there",
        ),
        Fault.PAYLOAD: _kept(
            "第 {index} 号记录的加密内容被改动",
            "The encrypted content of entry {index} was altered",
        ),
        Fault.PAYLOAD_GONE: _kept(
            "第 {index} 号记录的加密内容缺失，且没有销毁的指令",
            "The encrypted content of entry {index} is missing, and no order erased it",
        ),
        Fault.TILE: _kept(
            "第 {index} 号记录的校验数据被改动", "The check data of entry {index} were altered"
        ),
        Fault.ROOT: _kept(
            "记录与签名所确认的内容不一致", "The entries are not those that were signed for"
        ),
        Fault.CHECKPOINT: Words(
            "账本的签名不是登记的密钥所签，或者签名无效",
            "The log is not validly signed by the registered key",
            *_KEYS,
        ),
        Fault.WAL: _kept(
            "第 {index} 号记录：尚未发布的部分受损，或者与已发布的不一致",
            "Entry {index}: what is not yet published is damaged, or contradicts what is",
        ),
        Fault.FORK: _kept(
            "与检察院留存的副本不一致：留存之后，以前的记录被改换",
            "It differs from the copy the procuratorate holds: entries were exchanged since",
        ),
        Fault.ROLLBACK: _kept(
            "末尾缺失：检察院留存的副本中有第 {index} 号及以后的记录，现在没有",
            "The end is missing: the copy the procuratorate holds has entry {index} and later ones",
        ),
        Fault.KEY: Words(
            "第 {index} 号记录更换密钥不合规则",
            "Entry {index} does not change keys as it must",
            *_KEYS,
        ),
        Fault.RETIRED: Words(
            "登记的密钥已被第 {index} 号记录宣布的密钥接替，现用的密钥没有登记",
            "The registered key was succeeded by the one entry {index} announces, which is not"
            " registered",
            *_KEYS,
        ),
        Fault.FROZEN: _kept(
            "第 {index} 号记录写在账本封存之后", "Entry {index} was added after the log was closed"
        ),
        Fault.PREDECESSOR: _kept(
            "与前一本账不衔接", "This log does not continue the earlier one as it says"
        ),
    }
)

# A fault without a number, where its sentence has one.
NUMBERLESS: Final = _kept("记录有误，不能指出第几号", "Something is wrong, at no one entry")

VERDICTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        INTACT: Words(
            "记录完整：第 0 号至第 {last} 号，共 {count} 条，其中没有改动、缺失或者调换",
            "Intact: entries 0 to {last}, {count} in all; nothing among them altered or missing",
        ),
        "no-log": _unsure("没有找到账本", "there is no log"),
        "unreadable": _unsure("账本无法读取", "the log cannot be read"),
        "copy-unreadable": _unsure(
            "检察院留存的副本无法读取，或者不是登记的密钥所签",
            "the copy the procuratorate holds cannot be read, or is not signed by a registered key",
        ),
        "witness-unreadable": _unsure(
            "见证签名无法读取或者无效", "the witness's signature cannot be read, or is not valid"
        ),
        "interrupted": _unsure("核验中断", "the verification was interrupted"),
        UNSURE: _unsure("核验没有得出结论", "the verification came to no conclusion"),
    }
)

NOTES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "no-copy": Words(
            "检察院此前没有留存副本，末尾是否缺失、记录是否整体改换，本次不能确认；本次结果已留存",
            "No copy was held before: whether the end is missing or all was exchanged cannot be"
            " confirmed this time. What was verified is held from now on",
        ),
        "no-witness": Words("没有登记见证人", "No witness is registered"),
        "witness-silent": Words("见证人没有签名", "The witness has not signed"),
        "witness-old": Words("见证签名过期", "The witness's signature is too old"),
        "witness-clock": Words(
            "见证签名的时间在将来，时钟有误",
            "The witness's signature is of the future: a clock is wrong",
        ),
        "key-not-registered": Words(
            "账本现用的签名密钥中有未登记的，请核对后登记",
            "The log is also signed by a key that is not registered: have it confirmed and register"
            " it",
        ),
        "contents-absent": Words(
            "本副本不含部分或者全部加密内容，其是否缺失不能确认",
            "This copy is without some or all encrypted contents; whether they exist cannot be"
            " confirmed",
        ),
        "erasure-unfinished": Words(
            "有依法销毁的指令尚未执行完毕", "An erasure ordered by law is not finished"
        ),
        "closed": Words("账本已封存，不再增加记录", "The log was closed and grows no more"),
    }
)

# Notes that tell and do not warn.
QUIET_NOTES: Final = frozenset({"closed"})
