"""A scan for findings on demand: what it finds goes into the ledger, here only how much."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import typer

from proxy.errors import ConfigurationError
from proxy.policy.law import Law
from proxy.record.findings import Report
from proxy.record.line import connect_ledger
from proxy.server.scan import scan_once
from proxy.settings import Settings, load_law, load_settings


def run(config: Path, *, as_json: bool) -> int:
    """Print how much each rule found. Exit code 1 where one could not find out."""
    settings = load_settings(config)
    if settings.scan is None:
        raise ConfigurationError(f"{config}: no [scan] table: write one with user = the login")
    law = load_law(settings.policy.file)
    if not law.findings:
        raise ConfigurationError(f"{settings.policy.file}: no [[finding]] table to scan for")
    reports = asyncio.run(_scan(settings, law))
    if as_json:
        typer.echo(json.dumps([_row(each) for each in reports], ensure_ascii=False, indent=2))
    else:
        for each in reports:
            typer.echo(_line(each))
    return int(any(each.result.failed is not None for each in reports))


async def _scan(settings: Settings, law: Law) -> list[Report]:
    assert settings.scan is not None
    ledger = await connect_ledger(settings.ledger.socket_path, settings.ledger.keys)
    try:
        return await scan_once(settings, settings.scan, law, ledger.recorder, time.time())
    finally:
        await ledger.close()


def _row(each: Report) -> dict[str, object]:
    result = each.result
    return {
        "rule": result.rule.name,
        "severity": result.rule.severity,
        "article": result.rule.article,
        "database": result.database,
        "found": None if result.failed is not None else result.count,
        "new": each.new_count,
        "failed": result.failed,
        "entries": len(each.entries),
    }


def _line(each: Report) -> str:
    result = each.result
    where = f"{result.database}: {result.rule.name}"
    if result.failed is not None:
        told = f"{where}: not found out ({result.failed}) / 未能查明"
        return typer.style(told, fg=typer.colors.RED)
    new = "" if each.new_count is None else f", {each.new_count} new / 新增 {each.new_count}"
    return f"{where}: {result.count} found / 发现 {result.count}{new}"
