"""The one value that says what was decided and why. Refusal text, entry, metric label and
``explain`` are views of it; nothing else may hold "why". What its rule means in general is said in
Chinese by `proxy.policy.wording`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from proxy.names import Article, QualifiedName, RuleName


class Verdict(Enum):
    """PASS: byte for byte as sent. STRIP: rewritten. REFUSE: never reaches the database."""

    PASS = "pass"  # noqa: S105
    STRIP = "strip"
    REFUSE = "refuse"


class StatementClass(Enum):
    """What kind of statement was judged; a closed set, fit for a metric label."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    COPY = "copy"
    CURSOR = "cursor"
    PREPARE = "prepare"
    EXECUTE = "execute"
    TRANSACTION = "transaction"
    SESSION = "session"
    DDL = "ddl"
    EXPLAIN = "explain"
    MERGE = "merge"
    TEMPORARY = "temporary"
    EMPTY = "empty"
    MULTIPLE = "multiple"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Decision:
    """``reason`` is shown to the client and depends on no data, only on the statement's shape.
    ``permits`` are the numbers of those by which it may see more than without."""

    verdict: Verdict
    rule: RuleName
    article: Article | None
    reason: str
    statement_class: StatementClass
    relations: tuple[QualifiedName, ...] = ()
    permits: tuple[str, ...] = ()
