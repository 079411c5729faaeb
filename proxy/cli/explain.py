"""What would be decided on a statement, and why. Only catalogue queries go to the database."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import typer

from proxy.cli.live import LiveDatabase, look_at
from proxy.errors import ConfigurationError
from proxy.names import SearchPath
from proxy.policy.decision import Verdict
from proxy.policy.law import Law, Principal
from proxy.policy.wording import in_chinese
from proxy.session.plan import Plan, Scene
from proxy.session.planner import Planner
from proxy.settings import load_law, load_settings
from proxy.settings.fit import require_certificates

_COLOURS = {
    Verdict.PASS: typer.colors.GREEN,
    Verdict.STRIP: typer.colors.YELLOW,
    Verdict.REFUSE: typer.colors.RED,
}


@dataclass(frozen=True, slots=True)
class Question:
    """A statement, who asks it, and where; None takes the configuration's or database's own."""

    sql: str
    principal: str
    database: str | None
    search_path: SearchPath | None


def run(config: Path, question: Question, *, as_json: bool) -> int:
    """Print the decision. Exit code 0 if it is served, 1 if it is refused."""
    settings = load_settings(config)
    law = load_law(settings.policy.file)
    require_certificates(settings, law)
    principal = _principal(law, question.principal)
    user = next((match.user for match in principal.matches if match.user), "")
    live = asyncio.run(look_at(settings.upstream, question.database, user))
    scene = Scene(principal, _path(question, live))
    plan = Planner(law, live.catalogue).plan(question.sql, scene)
    if as_json:
        typer.echo(json.dumps(_as_json(plan), ensure_ascii=False, indent=2))
    else:
        _print(plan)
    return int(plan.decision.verdict is Verdict.REFUSE)


def _principal(law: Law, name: str) -> Principal:
    for principal in law.principals:
        if principal.name == name:
            return principal
    known = ", ".join(p.name for p in law.principals)
    raise ConfigurationError(f"--as: the policy has no such principal; it has: {known}")


def _path(question: Question, live: LiveDatabase) -> SearchPath:
    if question.search_path is None:
        return live.search_path
    return ("pg_catalog", *question.search_path)


def _as_json(plan: Plan) -> dict[str, object]:
    decision = plan.decision
    return {
        "verdict": decision.verdict.value,
        "rule": decision.rule,
        "article": decision.article,
        "reason": decision.reason,
        "reason_zh": in_chinese(decision.rule),
        "statement_class": decision.statement_class.value,
        "relations": [str(name) for name in decision.relations],
        "recorded": "before it is sent" if plan.timing.value == "first" else "before its answer",
        "text": plan.text,
    }


def _print(plan: Plan) -> None:
    decision = plan.decision
    verdict = typer.style(decision.verdict.value, fg=_COLOURS[decision.verdict], bold=True)
    rows = [("verdict", verdict), ("rule", decision.rule), ("article", decision.article or "")]
    rows += [("reason", decision.reason), ("", in_chinese(decision.rule) or "")]
    rows += [("relations", ", ".join(map(str, decision.relations)))]
    for label, value in rows:
        if value:
            typer.echo(f"{label:<10} {value}")
    if plan.text is not None:
        typer.echo(f"{'sends':<10} {plan.text}")
