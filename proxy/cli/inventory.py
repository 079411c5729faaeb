"""What a database holds of its own, what the proxy does with it, and what would approve it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import typer

from proxy.cli.live import take_stock_of
from proxy.settings import load_law, load_settings
from proxy.upstream.treatment import Item, items

_COLOURS = {
    "passed": typer.colors.GREEN,
    "stripped": typer.colors.YELLOW,
    "expanded": typer.colors.YELLOW,
    "refused": typer.colors.RED,
}
_CHINESE = {
    "table": "表",
    "view": "视图",
    "materialized view": "物化视图",
    "foreign table": "外部表",
    "sequence": "序列",
    "function": "函数",
    "procedure": "过程",
    "aggregate": "聚合函数",
    "window function": "窗口函数",
    "operator": "运算符",
    "cast": "类型转换",
    "domain": "域",
    "trigger": "触发器",
    "rule": "规则",
    "expression": "默认值与约束中的代码",
}
_SHOWN_MAX = 12


def run(
    config: Path, database: str | None, *, bodies: bool, everything: bool, as_json: bool
) -> int:
    """Print the inventory. Exit code 0: to list is not to judge; that is `check`."""
    settings = load_settings(config)
    law = load_law(settings.policy.file)
    live, stock = asyncio.run(take_stock_of(settings.upstream, database))
    found = list(_with_progress(items(law, live.catalogue, stock), len(live.catalogue.relations)))
    if as_json:
        rows = [{**asdict(item), "body": item.body if bodies else None} for item in found]
        report = {"database": live.catalogue.database, "policy": law.digest, "items": rows}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return 0
    typer.echo(f"{live.catalogue.database}, policy / 规则 {law.digest[:16]}")
    for kind in _CHINESE:
        of_kind = [item for item in found if item.kind == kind]
        if of_kind:
            _print_kind(kind, of_kind, bodies=bodies, everything=everything)
    return 0


def _with_progress(each: Iterable[Item], relations_count: int) -> Iterable[Item]:
    """A bar on a terminal, where the relations alone take seconds."""
    if not sys.stderr.isatty() or relations_count < 500:
        return each
    with typer.progressbar(each, length=relations_count, file=sys.stderr) as bar:
        return list(bar)


def _print_kind(kind: str, of_kind: list[Item], *, bodies: bool, everything: bool) -> None:
    title = typer.style(f"{kind} / {_CHINESE[kind]}  {len(of_kind)}", bold=True)
    ordinary = Counter(item.is_ordinary and bool(item.treatment) for item in of_kind)[True]
    hidden = 0 if everything else ordinary
    typer.echo(f"\n{title}" + (f"  ({hidden} served as they are / 原样放行)" if hidden else ""))
    for item in of_kind:
        if everything or not (item.is_ordinary and item.treatment):
            _print(item, bodies=bodies)


def _print(item: Item, *, bodies: bool) -> None:
    typer.echo(f"  {_safe(item.name)}  {_treatment(item)}")
    for fact in item.facts:
        typer.echo(f"      {_safe(fact)}")
    if item.names:
        more = len(item.names) - _SHOWN_MAX
        names = ", ".join(item.names[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
        typer.echo(f"      names / 涉及: {_safe(names)}")
    if bodies and item.body:
        for line in item.body.strip().splitlines():
            typer.echo(f"      | {_safe(line)}")
    for line in item.approval.splitlines():
        typer.secho(f"      {_safe(line)}", fg=typer.colors.CYAN)


def _treatment(item: Item) -> str:
    uses: dict[str, list[str]] = {}
    for use, how in item.treatment.items():
        uses.setdefault(how, []).append(use)
    return "; ".join(
        f"{', '.join(of_how)} {typer.style(how, fg=_COLOURS[how.partition(':')[0]])}"
        for how, of_how in uses.items()
    )


def _safe(text: str) -> str:
    """Names and bodies are whatever somebody put in the database: no control characters."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
