"""Configuration and policy against the live database: errors, gaps, drift."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import typer

from proxy.cli.live import look_at
from proxy.session.planner import Planner
from proxy.settings import load_law, load_settings
from proxy.settings.coverage import Finding, check_against


def run(config: Path, *, as_json: bool) -> int:
    """Print what is not covered. Exit code 1 if there is anything."""
    settings = load_settings(config)
    law = load_law(settings.policy.file)
    findings: list[tuple[str, Finding]] = []
    for database in settings.upstream.databases:
        live = asyncio.run(look_at(settings.upstream, database))
        Planner(law, live.catalogue)
        findings += [(database, finding) for finding in check_against(law, live.catalogue)]
    if as_json:
        rows = [{"database": d, "kind": f.kind.value, "relation": str(f.relation),
                 "message": f.message} for d, f in findings]  # fmt: skip
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print(findings, len(settings.upstream.databases))
    return int(bool(findings))


def _print(findings: list[tuple[str, Finding]], databases_count: int) -> None:
    for database, finding in findings:
        kind = typer.style(finding.kind.value, fg=typer.colors.YELLOW)
        typer.echo(f"{database}: {kind}: {finding.relation}: {finding.message}")
    if findings:
        typer.echo(f"{len(findings)} findings / 发现 {len(findings)} 处问题")
    else:
        typer.echo(f"everything is covered in {databases_count} database(s) / 全部覆盖")
