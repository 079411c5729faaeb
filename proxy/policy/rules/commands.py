"""SET, RESET, DISCARD and transactions: what may change how later statements are understood.

The proxy knows a session's search_path and encoding exactly or not at all, so they change only
outside a transaction (where nothing can roll them back unseen) and alone in their message.
"""

from __future__ import annotations

from proxy.names import CLAIM_SETTINGS, RuleName
from proxy.policy.rules.context import TABLES, Context, Refusal
from proxy.statement.commands import (
    CloseCursor,
    CopyIn,
    CopyOut,
    Deallocate,
    Declare,
    Discard,
    Execute,
    Explain,
    Fetch,
    Prepare,
    Setting,
    TransactionControl,
    command,
)
from proxy.statement.facts import Facts
from proxy.wire.postgres.encoding import CODECS, encoding_named

SETTABLE = frozenset(
    (
        "application_name", "bytea_output", "client_min_messages", "cursor_tuple_fraction",
        "datestyle", "deadlock_timeout", "default_transaction_deferrable",
        "default_transaction_isolation", "default_transaction_read_only", "effective_cache_size",
        "enable_bitmapscan", "enable_hashagg", "enable_hashjoin", "enable_indexonlyscan",
        "enable_indexscan", "enable_material", "enable_memoize", "enable_mergejoin",
        "enable_nestloop", "enable_seqscan", "enable_sort", "extra_float_digits",
        "from_collapse_limit", "geqo", "idle_in_transaction_session_timeout", "intervalstyle",
        "jit", "join_collapse_limit", "lock_timeout", "max_parallel_workers_per_gather",
        "plan_cache_mode", "random_page_cost", "seed", "seq_page_cost", "statement_timeout",
        "synchronous_commit", "timezone", "transaction_isolation", "transaction_read_only",
        "work_mem", "xmloption", "transaction *", "session characteristics *",
    )
)  # fmt: skip
"""Parameters that change neither the lexer, nor name resolution, nor who the session is."""

PINNED = {"standard_conforming_strings": ("on", "true", "1", "yes"), "row_security": ("on",)}
"""Parameters that have one value here; saying it again is allowed."""

COPY_OPTIONS = frozenset(
    ("format", "delimiter", "null", "header", "quote", "escape", "force_quote")
)
"""Options that say how rows are written."""

COPY_IN_OPTIONS = COPY_OPTIONS - {"force_quote"} | {"force_not_null", "force_null", "default"}
"""Options that say how rows are read: what a value is, never which rows are taken."""

EXPLAIN_OPTIONS = frozenset(
    (
        "analyze", "buffers", "costs", "format", "generic_plan", "memory", "serialize", "settings",
        "summary", "timing", "verbose", "wal",
    )
)  # fmt: skip

_TRANSACTION = frozenset(
    ("BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "ROLLBACK_TO")
)


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse session commands whose effect could not be followed."""
    match command(facts):
        case Setting() as setting:
            return _refuse_setting(setting, context)
        case CopyOut() as copy if not (copy.selects and {*copy.options} <= COPY_OPTIONS):
            return Refusal(
                RuleName("copy-form"),
                "COPY TO STDOUT is served of a relation or a SELECT, with the options"
                f" {', '.join(sorted(COPY_OPTIONS))}",
            )
        case Explain() as explain:
            return _refuse_explained(explain, facts, context)
        case CopyIn(options=options) if not {*options} <= COPY_IN_OPTIONS:
            return Refusal(
                RuleName("copy-form"),
                f"COPY FROM STDIN is served with the options {', '.join(sorted(COPY_IN_OPTIONS))}",
            )
        case CopyIn() if not context.sole:
            return Refusal(
                RuleName("copy-alone"),
                "COPY FROM STDIN has to be the only statement of its message",
            )
        case TransactionControl(kind=kind) if kind not in _TRANSACTION:
            return Refusal(RuleName("two-phase-commit"), "prepared transactions are not served")
        case Discard(target=target) if target == "ALL" and context.in_transaction:
            return _only_outside()
        case Prepare() if not context.sole:
            return Refusal(
                RuleName("prepare-alone"), "PREPARE has to be the only statement of its message"
            )
        case (
            Declare(name=name)
            | Fetch(name=name)
            | Prepare(name=name)
            | Execute(name=name)
            | CloseCursor(name=str() as name)
            | Deallocate(name=str() as name)
        ) if not name.isascii():
            return Refusal(
                RuleName("name-not-ascii"),
                "names of cursors and prepared statements have to be ASCII",
            )
        case _:
            return None


def _refuse_explained(explain: Explain, facts: Facts, context: Context) -> Refusal | None:
    """A plan tells how many rows the server expects, and which it had to leave out: none of that
    may be about sealed rows, not by way of a view or of a function that the planner looks into."""
    relations = [r.relation for r in facts.references if r.relation is not None]
    if not explain.selects or not {*explain.options} <= EXPLAIN_OPTIONS:
        return Refusal(RuleName("explain-form"), "EXPLAIN is served for a SELECT")
    if (
        context.protected(facts)
        or any(relation.kind not in TABLES for relation in relations)
        or any(context.catalogue.functions_named(called.name) for called in facts.functions)
    ):
        return Refusal(
            RuleName("explain-protected"),
            "a plan shows statistics of what it reads: EXPLAIN is served for tables that hold"
            " nothing sealed, without views and functions of the site's own",
        )
    return None


def _refuse_setting(setting: Setting, context: Context) -> Refusal | None:
    name = setting.name
    if name in SETTABLE or name in CLAIM_SETTINGS:
        return None
    if name in PINNED:
        value = ",".join(setting.values or ()).lower()
        if setting.values is None or value in PINNED[name]:
            return None
    elif name in ("search_path", "client_encoding", "*"):
        # A pool ends its clean-up with RESET ALL; what stood behind it would be read differently.
        alone = context.sole or (name == "*" and context.last)
        if context.in_transaction or not alone or setting.local:
            return _only_outside()
        if name == "search_path":
            return _refuse_path(setting)
        if name == "client_encoding" and setting.values is not None:
            return _refuse_encoding(setting.values)
        return None
    return Refusal(
        RuleName("unsettable-parameter"),
        "this parameter cannot be changed through the proxy; set it for the role or the database",
    )


def _refuse_path(setting: Setting) -> Refusal | None:
    """pg_catalog stays first, where the server puts it when nobody names it."""
    for schema in setting.values or ():
        if schema.startswith("pg_") or "\0" in schema:
            return Refusal(
                RuleName("search-path"),
                "search_path may not name system or temporary schemas",
            )
    return None


def _refuse_encoding(values: tuple[str, ...]) -> Refusal | None:
    if encoding_named("".join(values)) is not None:
        return None
    return Refusal(
        RuleName("client-encoding"), f"client_encoding must be one of {', '.join(CODECS)}"
    )


def _only_outside() -> Refusal:
    return Refusal(
        RuleName("session-change"),
        "this changes how later statements are read, so it must stand alone in its message and"
        " outside a transaction",
    )
