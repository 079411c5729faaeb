"""What the fields of an entry are called, and what their code words mean. Pure.

A field that has no name here is shown by its own; a code word without a meaning stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.portal.words import EVENTS, VERDICTS, Words

LABELS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        name: Words(chinese, english)
        for name, chinese, english in (
            ("format", "记录格式", "Format"),
            ("alg", "签名算法", "Algorithm"),
            ("log_key", "账本公钥", "Public key of the log"),
            ("entry_key", "记录公钥", "Public key of entries"),
            ("recipients", "可解密者", "Who can decrypt"),
            ("pseudonym_key", "假名密钥（加密）", "Key of the pseudonyms, encrypted"),
            ("predecessor", "前一本账", "Earlier log"),
            ("predecessor_size", "前一本账的条数", "Entries of the earlier log"),
            ("predecessor_root", "前一本账的校验值", "Root of the earlier log"),
            ("software", "软件", "Software"),
            ("recovered_size", "启动时的条数", "Entries at the start"),
            ("published_size", "启动时已发布的条数", "Published at the start"),
            ("torn_bytes", "未写完的字节", "Bytes left unfinished"),
            ("witness", "见证人的答复", "What the witness said"),
            ("state", "状态", "State"),
            ("reason", "原因", "Reason"),
            ("free_bytes", "磁盘余量（字节）", "Free bytes of the disk"),
            ("successor", "后一本账", "Log that goes on"),
            ("policy", "策略（校验值）", "Policy, its digest"),
            ("event", "事项", "Event"),
            ("version", "策略版本", "Version of the policy"),
            ("relations_count", "受保护的表", "Protected relations"),
            ("principals_count", "访问主体数", "Principals"),
            ("purpose", "目的", "Purpose"),
            ("wrapped", "数据密钥（加密）", "Data key, encrypted"),
            ("key", "公钥", "Public key"),
            ("verdict", "裁决", "Verdict"),
            ("rule", "规则", "Rule"),
            ("article", "法律依据", "Article of law"),
            ("statement_class", "语句种类", "Kind of statement"),
            ("principal", "访问主体（应用）", "Principal (application)"),
            ("attribution", "操作人的来历", "How the operator is known"),
            ("operator", "操作人", "Operator"),
            ("case", "案号", "Case number"),
            ("account", "数据库账号", "Database account"),
            ("source", "来源地址", "Network address"),
            ("session", "会话", "Session"),
            ("catalogue", "数据库目录版本", "Catalogue"),
            ("timing", "记录的先后", "When the database heard of it"),
            ("permit", "查询许可", "Permit"),
            ("permits", "查询许可", "Permits"),
            ("relations", "受保护的表", "Protected relations"),
            ("statement_hmac", "语句的假名", "Statement, its pseudonym"),
            ("sent_hmac", "送交数据库的语句的假名", "Statement as sent, its pseudonym"),
            ("shape_hmac", "语句样式的假名", "Shape of the statement, its pseudonym"),
            ("statements_count", "语句数", "Statements"),
            ("subjects", "所查询的人（假名）", "Persons, their pseudonyms"),
            ("subjects_count", "人数", "Number of persons"),
            ("decision", "所属裁决", "Decision"),
            ("rows_count", "返回行数", "Rows released"),
            ("released_bytes", "返回字节", "Bytes released"),
            ("cut", "达到上限而截止", "Ended at a cap"),
            ("error", "错误代码", "Error"),
            ("duration_ms", "用时（毫秒，约数）", "Milliseconds, about"),
            ("unit", "申请单位", "Unit that applied"),
            ("handler", "经办人", "Handler"),
            ("approver", "审批人", "Approver"),
            ("basis", "查询依据", "Legal basis"),
            ("scope", "许可范围", "Scope"),
            ("valid_from", "生效时间", "Valid from"),
            ("valid_until", "截止时间", "Valid until"),
            ("uses_max", "使用次数上限", "Uses at most"),
            ("undertaking", "保密承诺书（假名）", "Undertaking, its pseudonym"),
            ("officer", "收件人", "Officer who took it in"),
            ("label", "标注", "Label"),
            ("document_hmac", "文书的假名", "Document, its pseudonym"),
            ("decide_by", "办理期限", "To be decided by"),
            ("certificate", "证明编号", "Certificate"),
            ("person", "当事人（假名）", "Person, a pseudonym"),
            ("applicant", "申请人（假名）", "Applicant, a pseudonym"),
            ("file_hmac", "文件的假名", "File, its pseudonym"),
            ("opinion", "检察意见", "Opinion"),
            ("entries", "涉及的记录", "Entries concerned"),
            ("supervisor", "监督人（假名）", "Supervisor, a pseudonym"),
            ("reply_due", "答复期限", "Reply due"),
            ("result", "结果", "Result"),
            ("order", "文书编号", "Order"),
            ("authority", "决定机关", "Authority"),
            ("entry", "所标注的记录", "Entry"),
            ("severity", "程度", "Severity"),
            ("observed_count", "发现数", "Observed"),
            ("limit_count", "限额", "Limit"),
            ("window_from", "自", "From"),
            ("window_until", "至", "Until"),
            ("role", "角色", "Role"),
            ("log", "账本", "Log"),
            # Of payloads.
            ("user", "数据库账号", "Database account"),
            ("database", "数据库", "Database"),
            ("application_name", "应用自报名称", "Application's name for itself"),
        )
    }
)

MEANINGS: Final[Mapping[tuple[str, str], Words]] = MappingProxyType(
    {
        (field, word): Words(chinese, english)
        for field, word, chinese, english in (
            ("attribution", "setting", "应用以会话设置声明", "the application set it"),
            ("attribution", "comment", "应用在语句注释中声明", "a comment of the statement"),
            ("attribution", "application_name", "应用在自报名称中声明", "the application's name"),
            ("attribution", "user", "以数据库账号认定", "the database account"),
            ("attribution", "certificate", "以客户端证书认定", "the client certificate"),
            ("attribution", "unattributed", "没有说明操作人", "nobody was named"),
            ("attribution", "contradictory", "所说前后矛盾", "what was said contradicts itself"),
            ("attribution", "invalid", "所说无效", "what was said is not valid"),
            ("timing", "with", "结果扣留至记录落盘之后", "the answer waited for the record"),
            ("timing", "first", "记录落盘之后才送交数据库", "sent after it was recorded"),
            ("statement_class", "select", "查询", "query"),
            ("statement_class", "insert", "新增", "insertion"),
            ("statement_class", "update", "修改", "change"),
            ("statement_class", "delete", "删除", "deletion"),
            ("statement_class", "copy", "批量导入导出", "bulk copy"),
            ("scope", "full", "查阅、摘抄、复制", "all of it"),
            ("scope", "conviction", "是否受过刑事处罚、罪名、刑期", "conviction and term alone"),
            ("scope", "missing-child", "失踪、被拐卖未成年人的身份", "identity of a missing child"),
            ("scope", "batch", "名单核查（不含封存信息）", "a list, without what is sealed"),
            ("result", "accepted", "采纳", "accepted"),
            ("result", "corrected", "已纠正", "corrected"),
            ("result", "contested", "提出异议", "contested"),
            ("state", "alive", "运行", "alive"),
            ("state", "stop", "停止", "stopped"),
            ("state", "frozen", "封存账本", "closed for good"),
        )
    }
)

SERVING_RULES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "sealed-rows": Words("已除去封存的记录", "sealed rows were removed"),
        "permitted-rows": Words("依查询许可提供", "shown by a permit"),
        "statistic": Words(
            "依声明的统计提供，小数目略去", "a declared statistic, without small numbers"
        ),
        "nothing-protected": Words("不涉及受保护的表", "nothing protected is touched"),
        "seals-nothing": Words("涉及的表中没有封存的内容", "what is touched seals nothing"),
        "catalogue-columns": Words("已除去系统目录的部分列", "columns of a catalogue were removed"),
        "withheld-counts": Words("已除去可能透露封存的计数", "counts that could tell were removed"),
        "schema-change": Words("变更数据库结构", "the structure of the database was changed"),
        "temporary-relation": Words("只涉及临时表", "only temporary tables are touched"),
    }
)
"""Rules by which something is served. What a refusal means, the policy's own wording says."""


def label_of(name: str) -> Words:
    return LABELS.get(name, Words(name, name))


def meaning_of(field: str, word: str) -> Words | None:
    known = {"verdict": VERDICTS, "event": EVENTS}.get(field, {})
    return known.get(word) or MEANINGS.get((field, word))
