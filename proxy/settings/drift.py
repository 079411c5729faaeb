"""A database that changed under its policy: how far the policy can still be trusted."""

from __future__ import annotations

from proxy.policy.doubt import Doubt
from proxy.policy.law import Law
from proxy.policy.rules.context import SYSTEM_SCHEMAS
from proxy.settings.coverage import FindingKind, check_against
from proxy.statement.catalogue import Catalogue

_GONE = frozenset((FindingKind.MISSING_RELATION, FindingKind.MISSING_COLUMN))


def doubt_after(law: Law, fitted: Catalogue, now: Catalogue) -> Doubt:
    """What a change from ``fitted``, the last state that an administrator put the policy in force
    for, to ``now`` leaves of the policy's meaning.

    A relation keeps its OID under a new name; another one of the old name does not make up for it.
    """
    called = {relation.oid: name for name, relation in now.relations.items()}
    for name in law.relations:
        before = fitted.relations.get(name)
        if before is None or name.schema in SYSTEM_SCHEMAS:
            continue
        if name not in now.relations or called.get(before.oid, name) != name:
            return Doubt.RELATIONS
    gone = any(
        finding.kind in _GONE and finding.relation in law.relations.keys() & now.relations.keys()
        for finding in check_against(law, now)
    )
    return Doubt.COLUMNS if gone else Doubt.NONE
