"""Configuration and policy against the live database: errors, gaps, drift."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import typer

from proxy.cli.live import look_at
from proxy.server.encryption import read_client_tls
from proxy.session.planner import Planner
from proxy.settings import load_law, load_settings
from proxy.settings.coverage import WRITTEN, Finding, check_against, check_databases
from proxy.settings.fit import problem, require_certificates
from proxy.settings.problems import Problem, read_document
from proxy.settings.service import Upstream
from proxy.upstream import connect
from proxy.upstream.verifiers import Verifiers
from proxy.upstream.watch import open_catalogue


def run(config: Path, *, as_json: bool) -> int:
    """Print what is not covered. Exit code 1 if there is anything."""
    settings = load_settings(config)
    document = read_document(settings.policy.file)
    law = load_law(settings.policy.file)
    require_certificates(settings, law)
    if settings.tls is not None:
        read_client_tls(settings.tls)
    if settings.login.verifier_query is not None:
        asyncio.run(_try_verifiers(settings.upstream, settings.login.verifier_query))
    catalogues = {}
    for database in settings.upstream.databases:
        catalogues[database] = asyncio.run(look_at(settings.upstream, database)).catalogue
        Planner(law, catalogues[database])
    findings = [] if law.seals_nothing else check_databases(law, catalogues, check_against)
    places = [problem(document, law, f) if f.kind in WRITTEN else None for _, f in findings]
    if as_json:
        rows = [{"database": d, "kind": f.kind.value, "relation": str(f.relation),
                 "line": place.line if place else None, "message": f.message}
                for (d, f), place in zip(findings, places, strict=True)]  # fmt: skip
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print(findings, places, len(catalogues), seals_nothing=law.seals_nothing)
    return int(bool(findings))


async def _try_verifiers(upstream: Upstream, query: str) -> None:
    tls = connect.tls_context(connect.Upstream.configured(upstream))
    verifiers = Verifiers(
        partial(open_catalogue, upstream, upstream.databases[0], tls), query, mock_secret=b""
    )
    try:
        await verifiers.of(upstream.catalogue_user)
    finally:
        await verifiers.close()


def _print(
    findings: list[tuple[str, Finding]],
    places: list[Problem | None],
    databases_count: int,
    *,
    seals_nothing: bool,
) -> None:
    for (database, finding), place in zip(findings, places, strict=True):
        kind = typer.style(finding.kind.value, fg=typer.colors.YELLOW)
        # What the service does not start with is said in the service's words.
        typer.echo(f"{database}: {kind}: {place or f'{finding.relation}: {finding.message}'}")
    if seals_nothing:
        told = "seals_nothing is set: every statement is passed / 策略未封存任何内容, 一律放行"
        typer.echo(typer.style(told, fg=typer.colors.YELLOW))
    elif findings:
        typer.echo(f"{len(findings)} findings / 发现 {len(findings)} 处问题")
    else:
        typer.echo(f"everything is covered in {databases_count} database(s) / 全部覆盖")
