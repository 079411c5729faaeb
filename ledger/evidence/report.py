"""The report of an evidence pack: one HTML page and one plain text, in Chinese and English. Pure.

Statements are text of whoever attacked. Nothing reaches the page but through `_html`, which
escapes, and the page allows itself no script and no outside address.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.evidence.proven import ProvenEntry
from ledger.evidence.told import gist_of, kind_of
from ledger.printable import many_lines, one_line, pretty

PAGE_ENTRIES_MAX: Final = 2_000
PAYLOAD_CHARACTERS_MAX: Final = 8_000

_STYLE: Final = """
body{font:15px/1.5 "Noto Serif CJK SC","Source Han Serif SC",SimSun,serif;max-width:60em;
margin:2em auto;padding:0 1em;color:#111}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse;width:100%}
td,th{border:1px solid #999;padding:.3em .5em;text-align:left;vertical-align:top}
th{background:#eee;font-weight:600}td,code,pre{overflow-wrap:anywhere}
pre{white-space:pre-wrap;margin:0;font-size:.85em}
@media print{body{margin:0;max-width:none;font-size:11px}tr{break-inside:avoid}
thead{display:table-header-group}}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Summary:
    """Labels and values for the head of the report, and how many entries follow."""

    rows: Sequence[tuple[str, str]]
    entries_count: int


def page_head(summary: Summary) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>封存证据报告</title><style>{_STYLE}</style></head><body>\n"
    yield "<h1>封存证据报告 / Evidence report</h1>\n<table>"
    for label, value in summary.rows:
        yield f"<tr><th>{_html(label)}</th><td><code>{_html(value)}</code></td></tr>\n"
    yield "</table>\n"
    for title, lines in (("如何核验 / How to check", _HOW), ("说明 / What this shows", _LIMITS)):
        yield f"<h2>{_html(title)}</h2>\n<ul>"
        yield from (f"<li>{_html(line)}</li>\n" for line in lines)
        yield "</ul>\n"
    yield "<h2>记录 / Entries</h2>\n"
    if summary.entries_count > PAGE_ENTRIES_MAX:
        yield (
            f"<p>本页只列前 {PAGE_ENTRIES_MAX:,} 条，其余见 report.txt 与 entries/ / The first "
            f"{PAGE_ENTRIES_MAX:,} of {summary.entries_count:,}; the rest is in report.txt</p>\n"
        )
    yield (
        "<table><thead><tr><th>序号 / index</th><th>时间 / time (UTC)</th><th>种类 / kind</th>"
        "<th>内容 / content</th></tr></thead><tbody>\n"
    )


PAGE_END: Final = "</tbody></table></body></html>\n"


def page_row(proven: ProvenEntry, payload: bytes | None) -> str:
    """One entry; `payload` in plain text, where it was opened."""
    entry = proven.entry
    shown = "" if payload is None else f"<pre>{_html_block(_cut(pretty(payload)))}</pre>"
    return (
        f"<tr><td>{proven.index}</td><td>{_html(entry.time)}</td><td>{_html(kind_of(entry))}</td>"
        f"<td>{_html(gist_of(entry))}{shown}{_html(_payload_state(proven))}</td></tr>\n"
    )


def text_head(summary: Summary) -> Iterator[str]:
    yield "封存证据报告 / Evidence report\n\n"
    for label, value in summary.rows:
        yield f"{label}: {one_line(value)}\n"
    for title, lines in (("如何核验 / How to check", _HOW), ("说明 / What this shows", _LIMITS)):
        yield f"\n{title}\n"
        yield from (f"- {line}\n" for line in lines)
    yield "\n记录 / Entries\n"


def text_row(proven: ProvenEntry) -> str:
    entry = proven.entry
    parts = (f"{proven.index:>10}", entry.time, kind_of(entry), gist_of(entry))
    return one_line("  ".join((*parts, _payload_state(proven)))).rstrip() + "\n"


def encoded(texts: Iterable[str]) -> Iterator[bytes]:
    return (text.encode() for text in texts)


def _payload_state(proven: ProvenEntry) -> str:
    if proven.entry.payload is None or proven.ciphertext:
        return ""
    return "（密文不在本副本中 / its ciphertext is not in this copy）"


def _cut(text: str) -> str:
    if len(text) <= PAYLOAD_CHARACTERS_MAX:
        return text
    return text[:PAYLOAD_CHARACTERS_MAX] + "\n… 全文见 opened/ / the whole is in opened/"


def _html(text: str) -> str:
    return html.escape(one_line(text))


def _html_block(text: str) -> str:
    return html.escape(many_lines(text))


_HOW: Final = [
    line.strip()
    for line in """
需要 Python 3.9 以上及 cryptography 库 / Python 3.9 or newer with its package cryptography
python3 -I verify.py --key log.vkey
log.vkey 须是您自己收到的公钥 / log.vkey is the key you were handed, not the one in this pack
不信任包内脚本时 / if you do not trust this script: fengcun ledger verify --pack PACK --key log.vkey
移交时另行记下 manifest.json 的 SHA-256 / note the SHA-256 of manifest.json at the hand-over
""".strip().splitlines()
]
_LIMITS: Final = [
    line.strip()
    for line in """
所列记录均在已签名的日志中，未被改动 / every entry listed is in the signed log, unaltered
时间取自写入方时钟 / times are the writer's clock
明文与本报告由导出人生成，没有签名 / plain texts and this report are the exporter's, and not signed
只有收件人私钥能再次解开密文比对 / only a recipient's key can open the ciphertexts again
不能证明绕过代理的访问不存在 / it does not show that nobody went past the proxy
""".strip().splitlines()
]
