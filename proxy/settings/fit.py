"""Whether a policy can be put in force: everything it names is in the databases it is for.

A rule about a column that is not there would make the server reject every statement on its
relation, and a rule about a relation that is not there protects nothing: neither is served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from proxy.policy.law import Law
from proxy.settings import positions
from proxy.settings.coverage import MISSING, Finding, FindingKind, check_databases, check_named
from proxy.settings.policy import qualified_name
from proxy.settings.problems import ConfigurationProblems, Document, Problem, read_document
from proxy.settings.service import Settings
from proxy.statement.catalogue import Catalogue


def require_fit(file: Path, law: Law, catalogues: Mapping[str, Catalogue]) -> None:
    """Raises `ConfigurationProblems` for what ``law``, read from ``file``, names and no database
    has."""
    found = check_databases(law, catalogues, check_named)
    missing = list(dict.fromkeys(finding for _, finding in found if finding.kind in MISSING))
    if missing:
        document = read_document(file)
        raise ConfigurationProblems([problem(document, law, finding) for finding in missing])


def require_certificates(settings: Settings, law: Law) -> None:
    """Raises `ConfigurationProblems` for a match by certificate that no session could ever have,
    because the service of ``settings`` asks nobody for one."""
    if settings.tls is not None and settings.tls.client_certificates != "no":
        return
    asked = [
        index
        for index, principal in enumerate(law.principals)
        if any(match.certificate is not None for match in principal.matches)
    ]
    if asked:
        document = read_document(settings.policy.file)
        message = "no client is asked for a certificate: set tls.client_certificates"
        raise ConfigurationProblems(
            [document.problem(("principal", index, "match"), message) for index in asked]
        )


def problem(document: Document, law: Law, finding: Finding) -> Problem:
    """A finding of a kind in `WRITTEN` as a mistake in the policy, with its line.

    ``document`` is the file that ``law`` was read from; no line is given where it has changed.
    """
    if finding.kind is FindingKind.MISSING_FUNCTION:
        path: positions.Path = ("function", finding.signature)
    elif finding.number is not None:
        path = finding.key or ("finding", finding.number, "query")
    else:
        path = ("relation", _written(document, finding), *finding.key)
    placed = document.problem(path, finding.message)
    if hashlib.sha256(document.content).hexdigest() == law.digest:
        return placed
    return Problem(placed.file, None, placed.key, placed.message)


def _written(document: Document, finding: Finding) -> str:
    """The name of the finding's relation as the policy spells it."""
    tables = document.values.get("relation", ())
    return next((name for name in tables if _means(name, finding)), str(finding.relation))


def _means(written: str, finding: Finding) -> bool:
    try:
        return qualified_name(written) == finding.relation
    except ValueError:
        return False
