"""Functions, operators and types: built-ins that reach nothing, and what the policy approved.

A name is judged with all its overloads, and an unqualified one with every schema it could be found
in: which overload the server picks depends on argument types that are not looked at here. An
approval is of one function as it was when it was approved, by the digest of what it does.
"""

from __future__ import annotations

from collections.abc import Iterable

from proxy.names import CLAIM_SETTINGS, QualifiedName, RuleName
from proxy.policy.law import Volatility
from proxy.policy.rules.commands import SETTABLE
from proxy.policy.rules.context import SYSTEM_SCHEMAS, Context, Refusal
from proxy.statement.calls import Call
from proxy.statement.catalogue import TypeKind, UserFunction
from proxy.statement.claims import claims_of
from proxy.statement.facts import Called, Facts, Selected

_SYSTEM = frozenset(("pg_catalog",))
HARMLESS_TYPES = frozenset((TypeKind.ENUM, TypeKind.COMPOSITE, TypeKind.RANGE))
_SAMPLING = frozenset(("system", "bernoulli"))


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse what is called and not vetted."""
    for function in sorted(facts.functions, key=_order):
        if not (
            _function_is_vetted(function, context)
            or _sets(function, facts, context)
            or _is_withheld(function, facts, context)
        ):
            return _refuse_called(function, context)
    for operator in sorted(facts.operators, key=_order):
        if not _operator_is_built_in(operator, context):
            return Refusal(
                RuleName("unvetted-operator"), "an operator that is not built in is not served"
            )
    for name in sorted(facts.types, key=_order):
        if not _type_is_harmless(name, context):
            return Refusal(
                RuleName("unvetted-type"),
                "a type with code of its own (a domain or an extension's) is not served",
            )
    if not _all_approved(_selected_functions(facts, context), context) or any(
        _is_unvetted_builtin(selected, context) for selected in facts.selections
    ):
        return Refusal(
            RuleName("unvetted-function"),
            "a function call written like a column is not served unless the policy approves it",
        )
    return None


def withheld(facts: Facts, context: Context) -> tuple[Call, ...]:
    """The calls that must not run, of a statement that `refuse` lets pass."""
    return tuple(
        call
        for call in facts.calls
        if call.name in context.law.withheld_functions
        and _is_withheld(Called(call.schema, call.name), facts, context)
    )


def is_volatile(facts: Facts, context: Context) -> bool:
    """Whether it calls anything that may have an effect of its own."""
    return any(
        context.law.vetted_functions.get(function.name) is not Volatility.STABLE
        or bool(context.catalogue.functions_named(function.name))
        for function in facts.functions
        if not _is_withheld(function, facts, context)
    ) or any(
        context.law.vetted_functions.get(selected.name) is Volatility.VOLATILE
        or context.catalogue.functions_named(selected.name)
        for selected in facts.selections
    )


def _function_is_vetted(function: Called, context: Context) -> bool:
    if function.schema is None:
        if function.name in _SAMPLING:
            return not context.catalogue.functions_named(function.name)
        candidates = context.catalogue.functions_named(function.name)
        if not _all_approved(candidates, context):
            return False
        # The server picks among the site's own and a built-in one of that name by their types.
        known = function.name in context.catalogue.builtin_functions
        return function.name in context.law.vetted_functions or (bool(candidates) and not known)
    overloads = _candidates(function, context)
    known = bool(overloads)
    name = QualifiedName(function.schema, function.name)
    if function.schema in SYSTEM_SCHEMAS or name in context.catalogue.extension_functions:
        known = function.name in context.law.vetted_functions
    return known and _all_approved(overloads, context)


def _is_withheld(function: Called, facts: Facts, context: Context) -> bool:
    """Whether it tells how much there is, and every call of it can be kept from running."""
    if function.name not in context.law.withheld_functions:
        return False
    if function.schema is None and context.catalogue.functions_named(function.name):
        return False
    calls = [c for c in facts.calls if (c.schema, c.name) == (function.schema, function.name)]
    return function.schema in (None, *_SYSTEM) and bool(calls) and all(c.plain for c in calls)


def _refuse_called(function: Called, context: Context) -> Refusal:
    """The reason of a function that is not vetted: never approved, or changed since."""
    approved = context.law.approved_functions
    for candidate in _candidates(function, context):
        if candidate.signature in approved and not _is_approved(candidate, context):
            return Refusal(
                RuleName("function-changed"),
                f"the function {candidate.signature}, or what its body names, has changed since"
                " the policy approved it; an administrator can look at it with fengcun inventory"
                " and approve it again",
            )
    if function.name in context.law.withheld_functions:
        return Refusal(
            RuleName("unvetted-function"),
            f'the function "{function.name}" would count sealed records too; it is answered with'
            " NULL where it is called plainly in an expression and no other function has its name",
        )
    return Refusal(
        RuleName("unvetted-function"),
        f'the function "{function.name}" is not on the list of vetted functions; an'
        " administrator can approve it in the policy, with all its overloads",
    )


def _candidates(function: Called, context: Context) -> tuple[UserFunction, ...]:
    named = context.catalogue.functions_named(function.name)
    return tuple(each for each in named if function.schema in (None, each.name.schema))


def _is_approved(function: UserFunction, context: Context) -> bool:
    return context.law.approved_functions.get(function.signature) == function.digest


def _all_approved(functions: Iterable[UserFunction], context: Context) -> bool:
    return all(_is_approved(function, context) for function in functions)


def _sets(function: Called, facts: Facts, context: Context) -> bool:
    """``set_config`` of parameters that SET may change: asyncpg does it behind the scenes. Of those
    that say who asks only where it can be followed."""
    return (
        function in (Called(None, "set_config"), Called("pg_catalog", "set_config"))
        and (facts.settings <= SETTABLE or facts.settings <= CLAIM_SETTINGS)
        and (not facts.settings & CLAIM_SETTINGS or claims_of(facts) is not None)
        and not context.catalogue.functions_named(function.name)
    )


def _operator_is_built_in(operator: Called, context: Context) -> bool:
    if operator.schema is not None:
        return operator.schema in _SYSTEM
    return not context.catalogue.has_operator_named(operator.name)


def _type_is_harmless(name: Called, context: Context) -> bool:
    if name.schema is not None and name.schema not in _SYSTEM:
        kind = context.catalogue.user_types.get(QualifiedName(name.schema, name.name))
        return kind in HARMLESS_TYPES
    if name.schema is not None:
        return True
    return all(kind in HARMLESS_TYPES for kind in context.catalogue.types_named(name.name))


def _selected_functions(facts: Facts, context: Context) -> frozenset[UserFunction]:
    """User functions that ``t.f`` or ``(t).f`` may call."""
    return frozenset(
        function
        for selected in facts.selections
        for function in context.catalogue.functions_named(selected.name)
    )


def _is_unvetted_builtin(selected: Selected, context: Context) -> bool:
    name = selected.name
    return name in context.catalogue.builtin_functions and name not in context.law.vetted_functions


def _order(called: Called) -> tuple[str, str]:
    return called.schema or "", called.name
