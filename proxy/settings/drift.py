"""A database that changed under its policy: how far the policy can still be trusted."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.names import QualifiedName
from proxy.policy.doubt import Doubt
from proxy.policy.law import Law
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.settings.coverage import FindingKind, check_named
from proxy.statement.catalogue import Catalogue

Landmarks = Mapping[QualifiedName, int]
"""Protected relations by name, with the OIDs they had when the policy was put in force."""

_GONE = frozenset((FindingKind.MISSING_RELATION, FindingKind.MISSING_COLUMN))


def landmarks(law: Law, fitted: Catalogue) -> Landmarks:
    """What to tell a change by, of the state that an administrator puts the policy in force for."""
    return {
        name: fitted.relations[name].oid
        for name in law.relations
        if name in fitted.relations and name.schema not in SYSTEM_SCHEMAS
    }


def doubt_after(law: Law, fitted: Landmarks, now: Catalogue) -> Doubt:
    """What a change from ``fitted``, the last state that an administrator put the policy in force
    for, to ``now`` leaves of the policy's meaning.

    A relation keeps its OID under a new name; another one of the old name does not make up for it.
    """
    called = {relation.oid: name for name, relation in now.relations.items()}
    for name, oid in fitted.items():
        if name not in now.relations or called.get(oid, name) != name:
            return Doubt.RELATIONS
    gone = any(
        finding.kind in _GONE
        and finding.number is None
        and finding.relation in law.relations.keys() & now.relations.keys()
        for finding in check_named(law, now)
    )
    return Doubt.COLUMNS if gone else Doubt.NONE
